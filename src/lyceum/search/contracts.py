"""What an app declares to be searched, what it may ask, and what it gets; values only, free of any engine.

An app describes each kind of document once (`Declaration`) and hands it to `search.public.declare`. From then on it
tells which documents changed (`search.public.changed`, in its own transaction) and asks (`search.public.search`).
Both engines, Tantivy and OpenSearch, understand exactly what stands here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

# Languages whose words are brought to their stems and whose stop words are known; other texts are folded alone.
LANGUAGES = ("en", "de", "fr", "es")
# A field that every kind has: the document's own id.
ID = "id"
# Another: how much the document is asked for, from 0 to 1, as `Document.popularity` says.
POPULARITY = "popularity"

Needed: TypeAlias = Literal["most", "one", "none"]
Scalar: TypeAlias = str | int | float | bool | Decimal | date | datetime | UUID
Value: TypeAlias = Scalar | tuple[float, float] | Sequence[Scalar] | None


# What a document consists of


@dataclass(frozen=True)
class Text:
    """Words that are searched. Its boost weighs a hit here against one in another field.

    With `by_language` words are stemmed and stop words left out by the document's language; without, as for names,
    they are only folded (case, diacritics, possessives). `shown` texts are kept whole and can be highlighted.
    """

    name: str
    boost: float = 1.0
    by_language: bool = True
    shown: bool = True


@dataclass(frozen=True)
class Keyword:
    """One or many exact values, for filters and facets; `field:value` in a query compares without case and accents."""

    name: str


@dataclass(frozen=True)
class Number:
    """A number to filter, band and sort by; a Decimal is kept to a millionth."""

    name: str


@dataclass(frozen=True)
class Date:
    """A date or a time (UTC) to filter and sort by."""

    name: str


@dataclass(frozen=True)
class Boolean:
    name: str


@dataclass(frozen=True)
class Point:
    """A place as (longitude, latitude) in degrees."""

    name: str


@dataclass(frozen=True)
class Completion:
    """Texts that are offered while somebody types, the most popular document's first; at most one in a kind."""

    name: str


Field: TypeAlias = Text | Keyword | Number | Date | Boolean | Point | Completion


@dataclass(frozen=True)
class Document:
    """One thing as the index holds it. `values` are by the names of the declared fields; what is missing is None.
    Several values of a field always come in the same order.

    `title` and `url` are what a mixed list shows. `language` is a code such as `en` or `de-AT`, empty when unknown.
    `popularity` is from 0 to 1.
    """

    id: UUID
    title: str
    url: str
    values: Mapping[str, Value]
    language: str = ""
    popularity: float = 0.0

    @property
    def stem_language(self) -> str:
        """The language whose stems are used; empty for folding alone."""
        code = self.language.lower().replace("_", "-").partition("-")[0]
        return code if code in LANGUAGES else ""

    @cached_property
    def digest(self) -> int:
        """63 bits of everything in it, kept beside it in the index, so that a difference is seen by one number."""
        values = {name: _plain(value) for name, value in sorted(self.values.items())}
        whole = [self.title, self.url, self.language, float(self.popularity), values]
        return int.from_bytes(blake2b(msgspec.json.encode(whole), digest_size=8).digest(), "big") >> 1


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (set, frozenset)) else value


@dataclass(frozen=True)
class Declaration:
    """One kind of document, and the functions by which its app answers for it.

    `load` gives the documents of some ids as they are now; an id that does not come back is gone, and is taken out of
    the index. `ids` gives all ids that should be in the index, in ascending order and only those above the given one
    (None: from the start); it may be a generator over chunks, and is what a rebuild and a check go by.
    `visible` gives what an asker may see, as a filter that stands inside every query; the asker is whatever the app's
    caller passes to `search`, None for somebody who is not signed in.
    `similar` names the fields that "more like this" compares, by default all texts.
    `meaning` names the texts that are found by what they mean as well as by their words; by default none are.
    `aliases` are further names for fields in queries: `{"author": "authors"}` lets people write `author:eco`.
    `revision` is raised when `load` makes other documents from the same rows: the index is then built anew.
    """

    kind: str
    fields: tuple[Field, ...]
    load: Callable[[Sequence[UUID]], Iterable[Document]]
    ids: Callable[[UUID | None], Iterable[UUID]]
    visible: Callable[[Any], "Filter"]
    similar: tuple[str, ...] = ()
    meaning: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        return tuple(one for one in self.fields if isinstance(one, Text))

    @cached_property
    def completion(self) -> Completion | None:
        return next((one for one in self.fields if isinstance(one, Completion)), None)

    @cached_property
    def schema(self) -> str:
        """Names the shape of its index: another text means that the index has to be built anew."""
        # A boost is of the question alone.
        fields = [(type(one).__name__, {**msgspec.to_builtins(one), "boost": None}) for one in self.fields]
        shape = [self.kind, self.revision, fields]
        return blake2b(msgspec.json.encode(shape), digest_size=6).hexdigest()


# What narrows a search


@dataclass(frozen=True)
class Everything:
    """Lets every document through."""


@dataclass(frozen=True)
class Nothing:
    """Lets none through."""


@dataclass(frozen=True)
class IsOneOf:
    """The field holds one of these values exactly; `id` is a field too. No values: nothing passes."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Range:
    """A number or a date between bounds; a bound that is None is open."""

    field: str
    at_least: Scalar | None = None
    at_most: Scalar | None = None
    above: Scalar | None = None
    below: Scalar | None = None


@dataclass(frozen=True)
class Exists:
    """The field has a value."""

    field: str


@dataclass(frozen=True)
class Within:
    """A point inside a box of degrees; a box whose west is greater than its east crosses the date line."""

    field: str
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class AllOf:
    filters: tuple["Filter", ...]


@dataclass(frozen=True)
class AnyOf:
    filters: tuple["Filter", ...]


@dataclass(frozen=True)
class Not:
    filter: "Filter"


Filter: TypeAlias = Everything | Nothing | IsOneOf | Range | Exists | Within | AllOf | AnyOf | Not


# What people typed, understood


@dataclass(frozen=True)
class Word:
    """A word as typed, without apostrophes; an engine folds it as it does its own. `field` is empty, or the name of
    the one text or keyword to look in, where it then must be.

    `is_open` marks the last word of a text that somebody is still typing: it also stands for what begins so.
    """

    text: str
    field: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Phrase:
    """Words that must stand side by side in this order."""

    words: tuple[str, ...]
    field: str = ""


@dataclass(frozen=True)
class Query:
    """A text as `search.query.parse` understands it: most words must match (`search.words.must_match`), every phrase
    and filter must, and nothing excluded may. An empty one matches everything.

    `needed` says how many of the words must be there instead: with `one` any of them is enough, as in a question of
    whole sentences, with `none` they only rank what all else lets through. Words bound to a field are always needed.
    """

    words: tuple[Word, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Word | Phrase, ...] = ()
    filters: tuple[Filter, ...] = ()
    text: str = ""
    needed: Needed = "most"

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.phrases or self.excluded or self.filters)

    @property
    def has_text(self) -> bool:
        """Whether documents can match it better or worse."""
        return bool(self.words or self.phrases)


# What is asked of one kind


@dataclass(frozen=True)
class Terms:
    """A facet that counts the values of a keyword, boolean or whole number, the most frequent first.

    It counts under all selections but the one of its own name: a facet does not filter itself.
    """

    name: str
    field: str
    size: int = 20


@dataclass(frozen=True)
class Band:
    """From (inclusive) to (exclusive); None is open."""

    name: str
    start: float | None
    end: float | None


@dataclass(frozen=True)
class Bands:
    """A facet that counts a number in bands, in the order given, also the empty ones."""

    name: str
    field: str
    bands: tuple[Band, ...]


Facet: TypeAlias = Terms | Bands


@dataclass(frozen=True)
class Sort:
    """The order of the answer. Documents without the value come last, equal ones in a fixed order."""

    field: str
    descending: bool = False


@dataclass(frozen=True)
class Scored:
    """A document as the second pass sees it: `text` is how well the words match, the best of the answer being 1."""

    id: UUID
    text: float
    popularity: float


@dataclass(frozen=True)
class SecondPass:
    """Orders the best `window` of an answer by relevance anew, by scores of its own; those behind stay as they are."""

    score: Callable[[Sequence[Scored]], Sequence[float]]
    window: int = 200


@dataclass(frozen=True)
class SearchRequest:
    """One question to one kind.

    `visible` is what the asker may see; `selections` are further filters by name (see `Terms`). Both stand inside the
    query, so nothing else is counted, scored or suggested. Without `sort` the best match comes first, and where there
    is nothing to match the most popular one. `cursor` is from an earlier answer with the same question, and takes
    the place of `offset`; either may go as deep as there are documents. `highlights` names text fields.
    With `suggest` an answer without hits says what may have been meant, if the asker would find that. With `is_brief`
    hits tell their scores and popularity alone, for whoever weighs many to show few: no title, url, marks or cursor.
    """

    kind: str
    query: Query = Query()
    visible: Filter = Nothing()
    selections: Mapping[str, Filter] = field(default_factory=dict)
    facets: tuple[Facet, ...] = ()
    sort: Sort | None = None
    offset: int = 0
    size: int = 20
    cursor: str = ""
    highlights: tuple[str, ...] = ()
    suggest: bool = False
    second_pass: SecondPass | None = None
    is_brief: bool = False


@dataclass(frozen=True)
class Hit:
    """A document that matches. Scores compare only within one answer.

    `highlights` are by field: safe HTML, in which nothing but `<mark>` is markup. `cursor` stands behind this hit.
    """

    id: UUID
    kind: str
    title: str
    url: str
    score: float
    popularity: float
    highlights: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""


@dataclass(frozen=True)
class Bucket:
    """A value of a facet with its count; `start` and `end` are those of a band."""

    value: str
    count: int
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class SearchAnswer:
    """`count` is exact. `cursor` continues behind the last hit, empty at the end. `took_ms` is the engine's time."""

    count: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[Bucket, ...]] = field(default_factory=dict)
    did_you_mean: str = ""
    cursor: str = ""
    took_ms: float = 0.0


@dataclass(frozen=True)
class Completed:
    """A text offered while typing, and the document that it is from."""

    text: str
    id: UUID


# What the index is told


@dataclass(frozen=True)
class Change:
    """What an id is now: a document, or None when it is gone.

    Of two changes to one id the one with the higher version stands, in whichever order they come.
    """

    id: UUID
    version: int
    document: Document | None


@dataclass(frozen=True)
class Stored:
    """What the index holds of an id, for the comparison with the database."""

    id: UUID
    version: int
    digest: int
