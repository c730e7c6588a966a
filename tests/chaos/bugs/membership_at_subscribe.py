"""Membership is looked at when a socket opens, and never again."""

from typing import Any

from lyceum.realtime.hub import Hub


def plant() -> None:
    control = Hub._control

    def keep_in(hub: Hub, member: Any, verb: str, *rest: Any) -> None:
        if verb not in ("part", "leave"):
            control(hub, member, verb, *rest)

    def join_alone(hub: Hub, member: Any, groups: dict[str, int]) -> None:
        for group in groups.keys() - member.groups:
            hub.join(member, group, groups[group])

    Hub._control, Hub.keep_to = keep_in, join_alone  # type: ignore[method-assign]
