"""Who is mentioned in a text: `@First Last`, or `@First` where only one member has that first name."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

# Id, first name and last name of a member.
Named = tuple[UUID, str, str]


def find_mentions(text: str, members: Sequence[Named]) -> list[UUID]:
    """Return the members that a text names after an @, in the order of the members."""
    if "@" not in text:
        return []
    folded = text.casefold()
    firsts = Counter(first.casefold() for _, first, _ in members)
    found = []
    for member, first, last in members:
        names = [f"{first} {last}".casefold()]
        if firsts[first.casefold()] == 1:
            names.append(first.casefold())
        if any(_is_named(folded, f"@{name}") for name in names):
            found.append(member)
    return found


def _is_named(text: str, handle: str) -> bool:
    """Say whether the handle stands in the text as a word of its own, not inside an address or a longer name."""
    at = text.find(handle)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(handle) : at + len(handle) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = text.find(handle, at + 1)
    return False
