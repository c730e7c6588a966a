"""Membership is looked at when a socket opens, and never again."""

from typing import Any

from lyceum.realtime.hub import Hub


def plant() -> None:
    control = Hub._control

    def keep_in(hub: Hub, member: Any, verb: str, target: str) -> None:
        if verb not in ("part", "leave"):
            control(hub, member, verb, target)

    def join_alone(hub: Hub, member: Any, groups: set[str]) -> None:
        for group in groups - member.groups:
            hub.join(member, group)

    Hub._control, Hub.keep_to = keep_in, join_alone  # type: ignore[method-assign]
