"""The workspace's files in a backup: read from where they are kept, and put back into where they are to be kept."""

import hashlib
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage

from lyceum.core import leftovers
from lyceum.core.errors import Unavailable

FOLDER = "media"
Say = Callable[[str], None]


class _Digesting:
    """Reads a file, and knows the digest of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self._digest.update(found)
        return found

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Unpacked(File):  # type: ignore[type-arg]
    """A file of a backup on this disk; a folder takes it over by its path, without a copy."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _kept() -> Iterator[str]:
    """Yield the names of all files of ours; others may keep theirs beside them."""
    for folder in leftovers.owned():
        yield from _within(folder)


def _within(folder: str) -> Iterator[str]:
    folders, names = leftovers.listed(folder)
    yield from (f"{folder}/{name}" for name in names)
    for inner in folders:
        yield from _within(f"{folder}/{inner}")


def add_to(archive: tarfile.TarFile, *, say: Say) -> dict[str, str]:
    """Copy each file into a backup, a piece at a time; returns their digests by the names that they have there."""
    digests, names = dict[str, str](), sorted(_kept())
    say(f"Adding {len(names)} files …")
    for number, name in enumerate(names, 1):
        try:
            file = default_storage.open(name)
        except FileNotFoundError:
            # Deleted by its owner meanwhile.
            continue
        with file:
            reader, about = _Digesting(file), tarfile.TarInfo(f"{FOLDER}/{name}")
            about.size, about.mode, about.mtime = file.size, 0o600, time.time()
            archive.addfile(about, reader)
            digests[about.name] = reader.hexdigest()
        if number % 1000 == 0:
            say(f"  {number} of {len(names)}")
    return digests


def put_back(folder: Path, *, say: Say) -> set[str]:
    """Store every file of an unpacked backup beside what is there; returns their names.

    A file never changes under its name, so this harms nothing, whatever becomes of the rest of the restore.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for number, path in enumerate(paths, 1):
        with path.open("rb") as file:
            default_storage.save(path.relative_to(folder).as_posix(), _Unpacked(file, str(path)))
        if number % 1000 == 0:
            say(f"  {number} of {len(paths)}")
    return {path.relative_to(folder).as_posix() for path in paths}


def delete_others(names: set[str], *, say: Say) -> None:
    """Delete what is kept under other names; what cannot be deleted now has no row and is swept by the worker."""
    try:
        for name in set(_kept()) - names:
            default_storage.delete(name)
    except Unavailable:
        say("The files of before could not all be deleted. The worker does that within a day.")
