"""A sign-in is looked at when its socket opens; who signs out, or is put out, goes on hearing."""

from typing import Any

from lyceum.accounts import public
from lyceum.realtime.hub import Hub


def plant() -> None:
    control = Hub._control

    def keep_open(hub: Hub, member: Any, verb: str, target: str) -> None:
        if verb != "close":
            control(hub, member, verb, target)

    Hub._control = keep_open  # type: ignore[method-assign]
    public.is_alive = lambda sign_in: True
