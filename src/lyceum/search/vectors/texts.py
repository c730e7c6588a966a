"""What is kept of a document beside its vector: the text that it was made from, and the values that filters compare."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from lyceum.search.contracts import POPULARITY, Boolean, Date, Declaration, Document, Field, Keyword, Number, Point

# No model reads further than this.
MAX_CHARACTERS = 20_000
Kept = Mapping[str, Any]


def text_of(declaration: Declaration, document: Document) -> str:
    """Join the texts that carry the meaning, a line each; empty when there are none."""
    parts = (_joined(document.values.get(name)) for name in declaration.meaning)
    return "\n".join(part for part in parts if part)[:MAX_CHARACTERS].replace("\0", " ")


def hash_of(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def values_of(declaration: Declaration, document: Document) -> Kept:
    """Return the values that can be filtered by, each as a list of plain JSON; without those that are missing."""
    found: dict[str, Any] = {POPULARITY: [document.popularity]}
    for name, value in document.values.items():
        field = declaration.by_name.get(name)
        if isinstance(field, Point) and value is not None:
            found[name] = _place(value)
        elif isinstance(field, (Keyword, Number, Date, Boolean)) and (several := _listed(value)):
            found[name] = [plain(field, one) for one in several]
    return found


def plain(field: Field, value: Any) -> Any:
    """Bring a value, of a document or of a filter, to what is kept: numbers for dates, texts for keywords."""
    match field:
        case Keyword():
            return str(value).replace("\0", " ")
        case Number():
            return float(value) if isinstance(value, Decimal) else value
        case Date():
            return _microseconds(value)
        case _:
            return bool(value)


def _microseconds(value: date | datetime) -> int:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), tzinfo=UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _place(value: Any) -> Kept:
    east, north = value
    return {"east": float(east), "north": float(north)}


def _joined(value: Any) -> str:
    return ", ".join(str(one).strip() for one in _listed(value))


def _listed(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    return [] if value is None else [value]
