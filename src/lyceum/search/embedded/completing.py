"""Offers whole texts while somebody types."""

from collections.abc import Iterator, Sequence

from tantivy import Occur
from tantivy import Query as TQuery

from lyceum.search.contracts import POPULARITY, Completed, Declaration, Filter
from lyceum.search.embedded import shapes
from lyceum.search.embedded.analysis import words
from lyceum.search.embedded.filters import narrowed, translate
from lyceum.search.embedded.readers import Reader
from lyceum.search.words import slips

# Several documents may have one text.
SPARE = 3
MOST_FORMS = 12
MOST_WORDS = 16


def complete(declaration: Declaration, reader: Reader, text: str, visible: Filter, size: int) -> list[Completed]:
    """Return texts in which every word typed is one, and the last the beginning of one; then those nearly so."""
    field, typed = declaration.completion, words(text)[:MOST_WORDS]
    if field is None or not typed or size <= 0:
        return []
    maker = _Maker(reader, shapes.folded(field.name), is_open=text[-1:].isalnum())
    may_see = translate(visible, declaration, reader.schema)
    found: dict[str, Completed] = {}
    for query in maker.queries(typed):
        for one in _offers(reader, narrowed(query, [may_see]), typed, size):
            found.setdefault(one.text, one)
        if len(found) >= size:
            break
    return list(found.values())[:size]


class _Maker:
    def __init__(self, reader: Reader, name: str, *, is_open: bool) -> None:
        self._reader, self._name, self._is_open = reader, name, is_open

    def queries(self, typed: Sequence[str]) -> Iterator[TQuery]:
        yield self._all([self._exactly(word, is_last=word is typed[-1]) for word in typed])
        yield self._all([self._nearly(word, is_last=at == len(typed) - 1) for at, word in enumerate(typed)])

    def _all(self, parts: Sequence[TQuery]) -> TQuery:
        return TQuery.boolean_query([(Occur.Must, part) for part in parts])

    def _exactly(self, word: str, *, is_last: bool) -> TQuery:
        if is_last and self._is_open:
            return TQuery.fuzzy_term_query(self._reader.schema, self._name, word, distance=0, prefix=True)
        return TQuery.term_query(self._reader.schema, self._name, word, index_option="basic")

    def _nearly(self, word: str, *, is_last: bool) -> TQuery:
        is_open = is_last and self._is_open
        near = self._reader.vocabulary.near(word, slips(word), is_open=is_open)[:MOST_FORMS]
        forms = [TQuery.term_query(self._reader.schema, self._name, one.word, index_option="basic") for one in near]
        ways = [self._exactly(word, is_last=is_last), *forms]
        return TQuery.boolean_query([(Occur.Should, way) for way in ways])


def _offers(reader: Reader, query: TQuery, typed: Sequence[str], size: int) -> Iterator[Completed]:
    searcher = reader.searcher
    hits = searcher.search(query, size * SPARE, count=False, order_by_field=POPULARITY).hits
    ids = shapes.ids_of(searcher, [address for _, address in hits])
    for document_id, (_, address) in zip(ids, hits, strict=True):
        offers = shapes.kept_of(searcher.doc(address)).offers
        if offers:
            yield Completed(_fitting(offers, typed), document_id)


def _fitting(offers: Sequence[str], typed: Sequence[str]) -> str:
    """Of several texts of a document the one that was typed."""

    def missed(offer: str) -> int:
        own = words(offer)
        return sum(not any(word.startswith(one) for word in own) for one in typed)

    return offers[0] if len(offers) == 1 else min(offers, key=missed)
