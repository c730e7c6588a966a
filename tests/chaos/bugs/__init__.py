"""Planted bugs: what the checkers have to catch before anybody believes that they found nothing.

Each module patches a web process at its start (`plant`); `SCHEMA` is what it takes away from the
database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a web process is set up only after this module is imported
    from lyceum.core.pipeline import Statement

# By name, the faults under which they show.
BUGS: dict[str, tuple[str, ...]] = {
    "acknowledged_before_commit": ("PostgreSQL killed",),
    "client_id_forgotten": ("acknowledgements dropped",),
    "cursor_by_time": ("everybody dropped at once",) * 5,
    "frames_at_once": ("network slow",),
    "mark_moves_back": ("network slow",),
    "membership_at_subscribe": ("members removed and added",),
    "push_only": ("everybody dropped at once", "web process killed"),
    "sequence_outside_lock": ("network slow",),
    "sockets_outlive_sign_in": ("sign-ins ended",),
    "two_sequences": ("acknowledgements dropped",),
}


def replaced(text: str, old: str, new: str) -> str:
    """Replace a part of a statement; a bug that no longer fits the product must not go unnoticed."""
    assert old in text, f"the statement has changed: {old}"
    return text.replace(old, new)


def restated(statement: Statement, text: str) -> Statement:
    """Return a prepared statement with another text, for the same parameters."""
    return type(statement)(statement.name.decode(), text, *statement.types)
