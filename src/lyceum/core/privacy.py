"""A person's data: each app declares how it hands its part over, and how it lets go of it.

What is kept how long each app declares in `core.retention`. A test walks every table that refers to a person and fails
on one that no app names here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from lyceum.core.archives import Archive


@dataclass(frozen=True)
class Subject:
    """Whose data it is; what an app may still need to find it by is read before the account goes."""

    id: UUID
    email: str


@dataclass(frozen=True)
class Holder:
    """One app's part. `tables` names its models that refer to a person, as `app_label.Model`.

    `export` writes into the archive, and may run again from its beginning. `erase` is called inside the one
    transaction that erases a person; what leaves the database waits there for the commit. `living` writes what ends
    sooner than the file does; it is asked at each download, and never stored.
    """

    name: str
    tables: Sequence[str]
    export: Callable[[Subject, Archive], None]
    erase: Callable[[Subject], None]
    living: Callable[[Subject, Archive], None] | None = None


_holders: list[Holder] = []


def declare(holder: Holder) -> None:
    """Register an app's part, once; lower apps come first."""
    if all(known.name != holder.name for known in _holders):
        _holders.append(holder)


def holders() -> list[Holder]:
    """Return all parts, those of lower apps first."""
    return list(_holders)


def export(subject: Subject, archive: Archive, *, progress: Callable[[int], None]) -> None:
    """Write every app's part; `progress` is told the percentage after each."""
    for number, holder in enumerate(_holders, start=1):
        holder.export(subject, archive)
        progress(round(number * 100 / len(_holders)))


def add_living(subject: Subject, archive: Archive) -> None:
    for holder in _holders:
        if holder.living is not None:
            holder.living(subject, archive)


def erase(subject: Subject) -> None:
    """Let every app let go, higher ones first; in the caller's transaction."""
    for holder in reversed(_holders):
        holder.erase(subject)
