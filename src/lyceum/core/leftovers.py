"""Files that no row names: stored before a row that was never written, or not deleted with the one that named them."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from lyceum.core.errors import Unavailable

# A file is stored before its row says so; what no row names after this time was left behind.
LEFT_BEHIND = timedelta(hours=1)
# Longer than any upload takes.
UNFINISHED = timedelta(days=1)
_folders: set[str] = set()


def own(folder: str) -> str:
    """Say that a folder of the storage is the product's, and return it; what stands elsewhere is left alone."""
    _folders.add(folder)
    return folder


def owned() -> list[str]:
    """Return the folders that hold the product's files; backups take these, and restoring changes no other."""
    return sorted(_folders)


def delete_on_commit(*paths: str) -> None:
    """Delete files when what named them is gone for certain; what cannot be deleted then is left to `sweep`."""

    def delete() -> None:
        with suppress(Unavailable):
            for path in paths:
                default_storage.delete(path)

    transaction.on_commit(delete, robust=True)


def listed(folder: str) -> tuple[list[str], list[str]]:
    """Return the names of the folders and the files in a folder; nothing where there is none."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def sweep(folder: str, known: Callable[[Sequence[str]], Collection[str]]) -> int:
    """Delete the files of a folder whose names `known` does not return; returns how many there were."""
    count, before = 0, timezone.now() - LEFT_BEHIND
    names = listed(folder)[1]
    named = set(known(names))
    for path in (f"{folder}/{name}" for name in names if name not in named):
        if default_storage.get_modified_time(path) < before:
            default_storage.delete(path)
            count += 1
    return count


def forget_unfinished() -> int:
    """Take back the parts of large files that were never put together, where the storage has such; returns how many."""
    forget = getattr(default_storage, "forget_unfinished", None)
    return int(forget(timezone.now() - UNFINISHED)) if forget else 0
