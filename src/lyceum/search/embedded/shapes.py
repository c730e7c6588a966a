"""How a declared kind lies in a Tantivy index, and how a document becomes an entry of it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import tantivy

from lyceum.search.contracts import (
    POPULARITY,
    Boolean,
    Change,
    Completion,
    Date,
    Declaration,
    Document,
    Field,
    Keyword,
    Number,
    Point,
    Text,
)
from lyceum.search.embedded.analysis import FOLD, STEM, folding, stemmers
from lyceum.search.words import even_out

# Raised when an index of the same declaration would be made otherwise than before.
FORMAT = 1
KEY, TIE, HIGH, VERSION, DIGEST, KEPT = "doc__key", "doc__tie", "doc__high", "doc__version", "doc__digest", "doc__kept"
LOW_BITS = (1 << 64) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kept(msgspec.Struct, array_like=True):
    """What an entry keeps to be shown, offered while typing, and compared with others."""

    title: str
    url: str
    language: str
    texts: dict[str, list[str]]
    offers: list[str]


class Kind(Enum):
    """What Tantivy takes the values of a field for."""

    FLOAT = tantivy.FieldType.Float
    INTEGER = tantivy.FieldType.Integer


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Kept).decode


def folded(name: str) -> str:
    return f"{name}__{FOLD}"


def stemmed(name: str) -> str:
    return f"{name}__{STEM}"


def schema(declaration: Declaration) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(KEY, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(TIE, fast=True, indexed=True)
    for name in (HIGH, VERSION, DIGEST):
        builder.add_unsigned_field(name, fast=True)
    builder.add_bytes_field(KEPT, stored=True)
    builder.add_float_field(POPULARITY, fast=True, indexed=True)
    for field in declaration.fields:
        _add_field(builder, field)
    return builder.build()


def _add_field(builder: tantivy.SchemaBuilder, field: Field) -> None:
    name = field.name
    match field:
        case Text():
            builder.add_text_field(folded(name), tokenizer_name=FOLD)
            if field.by_language:
                builder.add_text_field(stemmed(name), tokenizer_name=STEM, index_option="freq")
        case Keyword():
            builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
            builder.add_text_field(folded(name), tokenizer_name=FOLD)
        case Completion():
            builder.add_text_field(folded(name), tokenizer_name=FOLD)
        case Number():
            builder.add_float_field(name, fast=True, indexed=True)
        case Date() | Boolean():
            builder.add_integer_field(name, fast=True, indexed=True)
        case Point():
            for axis in axes(name):
                builder.add_float_field(axis, fast=True, indexed=True)


def axes(name: str) -> tuple[str, str]:
    return f"{name}__east", f"{name}__north"


def register(index: tantivy.Index) -> tantivy.Index:
    """Tell an index how its texts are taken apart; it keeps only the names."""
    index.register_tokenizer(FOLD, folding)
    # Most texts are English; others are stemmed before they are handed over.
    index.register_tokenizer(STEM, stemmers["en"])
    return index


def entry(declaration: Declaration, change: Change) -> tantivy.Document:
    document = change.document
    assert document is not None
    found = tantivy.Document()
    found.add_text(KEY, document.id.hex)
    found.add_unsigned(TIE, document.id.int & LOW_BITS)
    found.add_unsigned(HIGH, document.id.int >> 64)
    found.add_unsigned(VERSION, change.version)
    found.add_unsigned(DIGEST, document.digest)
    found.add_float(POPULARITY, float(document.popularity))
    kept = Kept(document.title, document.url, document.stem_language, {}, [])
    for field in declaration.fields:
        value = document.values.get(field.name)
        if value is not None:
            _add_value(found, declaration, field, value, document, kept)
    found.add_bytes(KEPT, _pack(kept))
    return found


def compared(declaration: Declaration) -> tuple[str, ...]:
    """Return the fields by which documents are alike."""
    return declaration.similar or tuple(text.name for text in declaration.texts)


def _add_value(
    found: tantivy.Document, declaration: Declaration, field: Field, value: Any, document: Document, kept: Kept
) -> None:
    name = field.name
    if name in compared(declaration) or (isinstance(field, Text) and field.shown):
        kept.texts[name] = many(value)
    match field:
        case Text():
            _add_text(found, field, "\n".join(many(value)), document.stem_language)
        case Keyword():
            for one in many(value):
                found.add_text(name, one)
                found.add_text(folded(name), even_out(one))
        case Completion():
            kept.offers = many(value)
            for one in kept.offers:
                found.add_text(folded(name), even_out(one))
        case Number():
            found.add_float(name, float(value))
        case Date() | Boolean():
            found.add_integer(name, whole(value))
        case Point():
            for axis, degrees in zip(axes(name), value, strict=True):
                found.add_float(axis, float(degrees))


def _add_text(found: tantivy.Document, field: Text, text: str, language: str) -> None:
    text = even_out(text)
    found.add_text(folded(field.name), text)
    if not field.by_language or not language:
        return
    if language == "en":
        found.add_text(stemmed(field.name), text)
    else:
        found.add_pre_tokenized_text(stemmed(field.name), stemmers[language].pre_tokenize(text))


def many(value: Any) -> list[str]:
    """Return one value or several as texts, as keywords are compared."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [exact(value)]
    return [exact(one) for one in value if one is not None]


def exact(value: Any) -> str:
    """Write a value as the keyword that it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def whole(value: Any) -> int:
    """Turn a date or a fact into the number that stands for it: microseconds, or 0 and 1."""
    if isinstance(value, date):
        at = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        gone = at - _EPOCH
        return (gone.days * 86400 + gone.seconds) * 1_000_000 + gone.microseconds
    return int(value)


def number(field: Field | None, value: Any) -> float | int:
    """Turn a value into the number by which its field is compared."""
    if isinstance(field, (Date, Boolean)):
        return whole(value)
    return float(value) if isinstance(value, (int, float, Decimal)) else float(str(value))


def column(declaration: Declaration, name: str) -> tuple[Field | None, Kind]:
    """Return a field that has numbers, and their kind; the popularity is one that every kind has."""
    field = declaration.by_name.get(name)
    if name != POPULARITY and not isinstance(field, (Number, Date, Boolean)):
        raise ValueError(f"{declaration.kind} cannot be ordered or narrowed by {name}")
    return field, Kind.INTEGER if isinstance(field, (Date, Boolean)) else Kind.FLOAT


def kept_of(document: tantivy.Document) -> Kept:
    return _unpack(document.get_first(KEPT))  # type: ignore[arg-type]


def ids_of(searcher: tantivy.Searcher, addresses: Sequence[tantivy.DocAddress]) -> list[UUID]:
    highs = searcher.fast_field_values(HIGH, list(addresses))
    lows = searcher.fast_field_values(TIE, list(addresses))
    return [UUID(int=(int(high or 0) << 64) | int(low or 0)) for high, low in zip(highs, lows, strict=True)]
