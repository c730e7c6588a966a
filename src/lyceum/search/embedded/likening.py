"""More like this: the telling words of one document, looked for in all others."""

import math
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from tantivy import Occur
from tantivy import Query as TQuery

from lyceum.search.contracts import AllOf, Declaration, Filter, Hit, IsOneOf, Keyword, SearchRequest, Text
from lyceum.search.embedded import shapes
from lyceum.search.embedded.analysis import is_stop_word, stemmers, words
from lyceum.search.embedded.answering import Placed, Question, hits_of
from lyceum.search.embedded.filters import narrowed, translate, without
from lyceum.search.embedded.ordering import best
from lyceum.search.embedded.readers import Reader
from lyceum.search.embedded.shapes import Kept

MOST_TERMS = 25
# A word in one document alone leads nowhere; what more than that share of them have says nothing.
FEWEST_DOCUMENTS, MOST_DOCUMENTS = 2, 0.1
NEEDED = 0.2
Term = tuple[str, str]


def like_this(
    declaration: Declaration, reader: Reader, document_id: UUID, visible: Filter, size: int
) -> list[Hit] | None:
    itself = IsOneOf("id", (document_id,))
    request = SearchRequest(declaration.kind, visible=AllOf((visible, itself)), size=1)
    seen, _ = best(reader.searcher, Question(declaration, reader, request).query, 0, 1)
    if not seen:
        return None
    telling = _telling(declaration, reader, shapes.kept_of(reader.searcher.doc(seen[0].address)))
    if not telling:
        return []
    clauses = [(Occur.Should, _way(reader, term, worth)) for term, worth in telling]
    alike = TQuery.boolean_query(clauses, minimum_number_should_match=max(1, int(len(clauses) * NEEDED)))
    others = without(alike, [translate(itself, declaration, reader.schema)])
    found, _ = best(reader.searcher, narrowed(others, [translate(visible, declaration, reader.schema)]), 0, size)
    question = Question(declaration, reader, SearchRequest(declaration.kind))
    return hits_of(question, [Placed(one, one.value or 0.0, None) for one in found])


def _way(reader: Reader, term: Term, worth: float) -> TQuery:
    return TQuery.boost_query(TQuery.term_query(reader.schema, *term, index_option="freq"), worth)


def _telling(declaration: Declaration, reader: Reader, kept: Kept) -> list[tuple[Term, float]]:
    """Return the words that tell most about a document, by how often it has them and how seldom others do."""
    total = max(1, reader.searcher.num_docs)
    found = []
    for (name, word), (often, boost) in _terms(declaration, kept).items():
        documents = reader.searcher.doc_freq(name, word)
        if documents >= FEWEST_DOCUMENTS and (documents <= max(FEWEST_DOCUMENTS, total * MOST_DOCUMENTS) or boost > 1):
            worth = boost * (1 + math.log(often)) * math.log(1 + total / documents)
            found.append(((name, word), worth))
    best_first = sorted(found, key=lambda one: (-one[1], one[0]))[:MOST_TERMS]
    top = best_first[0][1] if best_first else 1.0
    return [(term, worth / top) for term, worth in best_first]


def _terms(declaration: Declaration, kept: Kept) -> dict[Term, tuple[int, float]]:
    found: dict[Term, tuple[int, float]] = {}
    for name in shapes.compared(declaration):
        field = declaration.by_name[name]
        if isinstance(field, (Text, Keyword)):
            boost = field.boost if isinstance(field, Text) else 1.0
            counts = Counter(_words_in(field, kept.texts.get(name, []), kept.language))
            found |= {term: (often, boost) for term, often in counts.items()}
    return found


def _words_in(field: Text | Keyword, texts: list[str], language: str) -> Iterator[Term]:
    for text in texts:
        if isinstance(field, Keyword):
            yield field.name, text
        elif field.by_language and language:
            yield from ((shapes.stemmed(field.name), word) for word in stemmers[language].analyze(text))
        else:
            yield from ((shapes.folded(field.name), word) for word in words(text) if not is_stop_word(word))
