"""A sign-in is looked at when its socket opens; who signs out, or is put out, goes on hearing."""

from typing import Any

from lyceum.accounts import public
from lyceum.realtime.hub import Hub


def plant() -> None:
    control = Hub._control

    def keep_open(hub: Hub, member: Any, verb: str, *rest: Any) -> None:
        if verb != "close":
            control(hub, member, verb, *rest)

    async def is_alive(sign_in: Any) -> bool:
        return True

    Hub._control, public.is_alive = keep_open, is_alive  # type: ignore[method-assign]
