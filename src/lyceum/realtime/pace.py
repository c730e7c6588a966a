"""When frames are joined: under load, and only for a group that was written to a moment ago."""

import asyncio
from collections.abc import Callable

from lyceum.realtime.writers import Frame

JOIN_SECONDS = 0.02
# So many writes in that time cost a fiftieth of a processor; up to there every frame goes at once.
CALM_WRITES = 50
MAX_BYTES = 64 * 1024


class Kept:
    """What a group waits for: frames with the connection or person that does not hear it, or alone does."""

    __slots__ = ("bytes", "frames")

    def __init__(self) -> None:
        self.frames: list[tuple[Frame, str, str]] = []
        self.bytes = 0

    def add(self, frame: Frame, exclude: str, only: str) -> bool:
        """Add a frame; False when it is time to write."""
        self.frames.append((frame, exclude, only))
        self.bytes += len(frame.framed)
        return self.bytes < MAX_BYTES

    @property
    def singular(self) -> set[str]:
        """Those who hear something else than most."""
        return {name for _, *names in self.frames for name in names if name}

    def whole(self) -> Frame | None:
        """Return what most hear."""
        frames = [frame for frame, _, only in self.frames if not only]
        return Frame.joined(frames) if frames else None

    def part(self, member_id: str, person: str) -> Frame | None:
        """Return what one of the others hears."""
        names = (member_id, person)
        frames = [f for f, exclude, only in self.frames if exclude not in names and (not only or only in names)]
        return Frame.joined(frames) if frames else None


class Pace:
    """Counts the writes of the present window, and keeps what is to be joined until it ends."""

    def __init__(self, write: Callable[[str, Kept], None]) -> None:
        self._write = write
        self._kept: dict[str, Kept] = {}
        self._written: set[str] = set()
        self._writes = 0
        self._was_loaded = self._is_armed = False

    def keep(self, group: str, writes: int, frame: Frame, exclude: str = "", only: str = "") -> bool:
        """Keep a frame for so many members where it is worth it; False where it is to be written now."""
        kept = self._kept.get(group)
        if kept is None:
            self._writes += writes
            is_loaded = self._was_loaded or self._writes > CALM_WRITES
            if not is_loaded or group not in self._written:
                self._written.add(group)
                self._arm()
                return False
            kept = self._kept[group] = Kept()
        if not kept.add(frame, exclude, only):
            self.flush(group)
        return True

    def follow(self, group: str, frame: Frame, only: str) -> bool:
        """Keep a frame for one member behind what its group waits for; False when it waits for nothing."""
        kept = self._kept.get(group)
        if kept is None:
            return False
        kept.add(frame, "", only)
        return True

    def flush(self, group: str) -> None:
        """Write what a group waits for, as before its members change."""
        if (kept := self._kept.pop(group, None)) is not None:
            self._write(group, kept)

    def _arm(self) -> None:
        if not self._is_armed:
            self._is_armed = True
            asyncio.get_running_loop().call_later(JOIN_SECONDS, self._turn)

    def _turn(self) -> None:
        self._is_armed = False
        self._was_loaded, self._writes = self._writes > CALM_WRITES, 0
        self._written = set(self._kept)
        for group in list(self._kept):
            self.flush(group)
        if self._written:
            self._arm()
