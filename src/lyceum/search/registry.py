"""The kinds of documents that apps have declared; filled while Django starts."""

from lyceum.search.contracts import Completion, Declaration

_declared: dict[str, Declaration] = {}


def declare(declaration: Declaration) -> None:
    """Register a kind; a second one of its name, or one that contradicts itself, is a fault of the program."""
    kind, names = declaration.kind, [one.name for one in declaration.fields]
    if kind in _declared:
        raise ValueError(f"{kind} is declared twice")
    if not kind.isidentifier() or not kind.islower():
        raise ValueError(f"{kind} is no name for a kind: use lower-case letters and underscores")
    if len(set(names)) != len(names) or not set(names).isdisjoint(("id", "popularity")):
        raise ValueError(f"{kind} has a field twice, or one of a reserved name")
    if any("__" in name or not name.isidentifier() for name in names):
        raise ValueError(f"{kind} has a field whose name is none: use letters and single underscores")
    if sum(isinstance(one, Completion) for one in declaration.fields) > 1:
        raise ValueError(f"{kind} has more than one completion")
    if unknown := ({*declaration.aliases.values(), *declaration.similar, *declaration.meaning} - set(names)):
        raise ValueError(f"{kind} speaks of fields that it has not: {', '.join(sorted(unknown))}")
    _declared[kind] = declaration


def forget(kind: str) -> None:
    """Take a kind away again; for tests."""
    _declared.pop(kind, None)


def get(kind: str) -> Declaration:
    return _declared[kind]


def find(kind: str) -> Declaration | None:
    return _declared.get(kind)


def all_declared() -> list[Declaration]:
    return list(_declared.values())
