"""What a service key or an app may be allowed: each app declares its scopes, each door names those it needs.

A person's own sign-in has no bounds. Whoever comes with scopes passes the doors that name one of theirs and no others:
a door without a word is for people alone.
"""

from collections.abc import Collection, Iterable

from lyceum.core.errors import NotAllowed

_declared: dict[str, object] = {}
_asked: dict[str, object] = {}


class ScopeMissing(NotAllowed):
    """The credentials are good, and do not reach this far (RFC 6750)."""

    def __init__(self, needed: Iterable[str]) -> None:
        names = " ".join(needed)
        super().__init__(f"This needs the scope {names}." if names else "Only people who are signed in may do this.")
        self.headers = {"WWW-Authenticate": 'Bearer realm="lyceum", error="insufficient_scope"'}
        if names:
            self.headers["WWW-Authenticate"] += f', scope="{names}"'


def declare(name: str, meaning: object, *, asked: object) -> str:
    """Register a scope and return its name.

    Both sentences finish "It may …": the meaning for a service, which acts for itself, and what a person is asked.
    """
    _declared[name], _asked[name] = meaning, asked
    return name


def declared() -> dict[str, object]:
    """Return every scope with its meaning, by name."""
    return dict(sorted(_declared.items()))


def asked() -> dict[str, object]:
    """Return every scope with the words in which an app asks a person for it, by name."""
    return dict(sorted(_asked.items()))


def check(granted: Collection[str], needed: Collection[str]) -> None:
    """Raise ScopeMissing unless all that a door needs was granted; nothing opens a door that names no scope."""
    missing = [name for name in needed if name not in granted]
    if missing or not needed:
        raise ScopeMissing(missing)


__all__ = ["ScopeMissing", "asked", "check", "declare", "declared"]
