"""What was pushed was delivered: nobody who comes back is brought anything."""

from typing import Any

from lyceum.messaging import socket


def missed_frames(user_id: Any, where: Any, sequence: int, since: Any) -> list[dict[str, Any]]:
    return [{"type": "resumed", "conversation": where, "from": sequence, "to": sequence, "count": 0}]


def plant() -> None:
    socket.missed_frames = missed_frames
