"""What people typed as a query of Tantivy: every word in every text, forgiven where nobody writes it so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tantivy import Occur
from tantivy import Query as TQuery

from lyceum.search.contracts import Declaration, Keyword, Needed, Phrase, Query, Text, Word
from lyceum.search.embedded import shapes
from lyceum.search.embedded.analysis import is_stop_word, stems, words
from lyceum.search.embedded.filters import any_of, translate, without
from lyceum.search.embedded.readers import Reader
from lyceum.search.embedded.vocabulary import Near
from lyceum.search.words import folded, must_match, slips

# A word written so in at most that many documents may be a slip for one that is in many times more.
RARE, MANY_TIMES = 3, 30
# What a match is worth with each slip, and where only its beginning was typed.
SLIP_WORTH, OPEN_WORTH = 0.4, 0.7
MOST_VARIANTS, MOST_ENDINGS = 12, 24
# All words of a query together are looked for in no more forms than that.
MOST_FORMS = 120
# How much of the lesser fields' scores is added to that of the best.
TIE_BREAKER = 0.3
STEM_WORTH = 1.0
FOLD_WORTH = 0.5


@dataclass(frozen=True)
class Form:
    """One way in which a word may stand in a document, and what that is worth."""

    word: str
    worth: float = 1.0


@dataclass
class Asked:
    """A query of Tantivy, and the words by which what it finds is marked: folded ones, and stems."""

    query: TQuery
    folded: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)

    _known: dict[str, bool] = field(default_factory=dict)

    def marks(self, written: str) -> bool:
        """Say whether what a reader sees as one word was found; the texts of an answer say most words many times."""
        known = self._known.get(written)
        if known is None:
            known = self._known[written] = any(self._found(word) for word in folded(written))
        return known

    def _found(self, word: str) -> bool:
        return word in self.folded or not self.stems.isdisjoint(stems(word))


class Asker:
    """Makes queries for one kind at one commit."""

    def __init__(self, declaration: Declaration, reader: Reader) -> None:
        self._declaration, self._reader, self._schema = declaration, reader, reader.schema

    def ask(self, query: Query) -> Asked:
        asked = Asked(TQuery.all_query())
        free = [word for word in query.words if not word.field]
        required = [self._bound(word, asked) for word in query.words if word.field]
        required += [self._phrase(words_of(phrase.words), phrase.field, asked) for phrase in query.phrases]
        required += [translate(one, self._declaration, self._schema) for one in query.filters]
        clauses = [(Occur.Must, one) for one in required] + self._free(free, asked, query.needed)
        if clauses:
            asked.query = TQuery.boolean_query(clauses)
        asked.query = without(asked.query, [self._excluded(one) for one in query.excluded])
        return asked

    def _free(self, found: Sequence[Word], asked: Asked, needed: Needed) -> list[tuple[Occur, TQuery]]:
        telling = [word for word in found if not is_stop_word(_first(word))]
        counted = telling or found
        per_word = MOST_FORMS // max(len(found), 1)
        clauses = [(Occur.Should, self._word(word, asked, per_word)) for word in counted]
        if not clauses:
            return []
        silent = [(Occur.Should, self._word(word, asked, 0)) for word in found if word not in counted]
        least = must_match(len(clauses), needed)
        if not least:
            return [(Occur.Must, TQuery.const_score_query(TQuery.all_query(), 0.0)), *clauses, *silent]
        if len(clauses) == 1:
            return [(Occur.Must, clauses[0][1]), *silent]
        return [(Occur.Must, TQuery.boolean_query(clauses, minimum_number_should_match=least)), *silent]

    def _word(self, word: Word, asked: Asked, most: int) -> TQuery:
        tokens = words(word.text)
        if len(tokens) != 1:
            return self._phrase(tokens, word.field, asked)
        return self._forms(list(self._forms_of(tokens[0], is_open=word.is_open, most=most)), self._texts(""), asked)

    def _bound(self, word: Word, asked: Asked) -> TQuery:
        """A word that must be in its field."""
        tokens = words(word.text)
        if len(tokens) != 1 or isinstance(self._declaration.by_name[word.field], Keyword):
            return self._phrase(tokens, word.field, asked)
        forms = list(self._forms_of(tokens[0], is_open=word.is_open, most=MOST_VARIANTS))
        return self._forms(forms, self._texts(word.field), asked)

    def _forms_of(self, word: str, *, is_open: bool, most: int) -> Iterator[Form]:
        yield Form(word)
        if is_open:
            for near in self._reader.vocabulary.beginning_with(word, min(most, MOST_ENDINGS)):
                yield Form(near.word, OPEN_WORTH)
        for near in self.slipped(word, is_open=is_open)[: min(most, MOST_VARIANTS)]:
            yield Form(near.word, SLIP_WORTH**near.slips)

    def slipped(self, word: str, *, is_open: bool = False) -> list[Near]:
        """Return the words that were perhaps meant by one that hardly any document has."""
        allowed = slips(word)
        count = self.documents_with(word) if allowed else 0
        if not allowed or count > RARE:
            return []
        found = self._reader.vocabulary.near(word, allowed, is_open=is_open)
        return [near for near in found if near.documents >= count * MANY_TIMES]

    def documents_with(self, word: str) -> int:
        """Return about how many documents have a word, or one of its stem."""
        count = self._reader.searcher.doc_freq
        found = 0
        for text in self._declaration.texts:
            found = max(found, count(shapes.folded(text.name), word))
            if text.by_language:
                found = max(found, *(count(shapes.stemmed(text.name), stem) for stem in stems(word)), 0)
        return found

    def _forms(self, forms: Sequence[Form], texts: Sequence[Text], asked: Asked) -> TQuery:
        """Look for a word in several forms in several texts; the best place counts, others add a little."""
        ways = []
        for form in forms:
            asked.folded.add(form.word)
            roots = stems(form.word)
            asked.stems |= roots
            for text in texts:
                worth = text.boost * form.worth
                ways.append(
                    self._term(
                        shapes.folded(text.name), form.word, worth * (FOLD_WORTH if text.by_language and roots else 1)
                    )
                )
                if text.by_language:
                    ways += [self._term(shapes.stemmed(text.name), root, worth * STEM_WORTH) for root in roots]
        return TQuery.disjunction_max_query(ways, TIE_BREAKER)

    def _term(self, name: str, word: str, worth: float) -> TQuery:
        return TQuery.boost_query(TQuery.term_query(self._schema, name, word, index_option="freq"), worth)

    def _phrase(self, tokens: Sequence[str], name: str, asked: Asked) -> TQuery:
        if not tokens:
            return TQuery.all_query()
        asked.folded |= set(tokens)
        return TQuery.disjunction_max_query(list(self._side_by_side(tokens, name)), TIE_BREAKER)

    def _side_by_side(self, tokens: Sequence[str], name: str) -> Iterator[TQuery]:
        for one in self._places(name):
            boost = one.boost if isinstance(one, Text) else 1.0
            if len(tokens) == 1:
                yield self._term(shapes.folded(one.name), tokens[0], boost)
            else:
                phrase = TQuery.phrase_query(self._schema, shapes.folded(one.name), list(tokens))
                yield TQuery.boost_query(phrase, boost)

    def _excluded(self, found: Word | Phrase) -> TQuery:
        """What is left out is taken at its word, and by its stem."""
        typed = (found.text,) if isinstance(found, Word) else found.words
        tokens = words_of(typed)
        if not tokens:
            return TQuery.empty_query()
        ways = list(self._side_by_side(tokens, found.field))
        if len(tokens) == 1:
            stemmed = [one for one in self._places(found.field) if isinstance(one, Text) and one.by_language]
            ways += [self._term(shapes.stemmed(one.name), root, 1) for one in stemmed for root in stems(tokens[0])]
        return any_of(ways)

    def _texts(self, name: str) -> list[Text]:
        return [one for one in self._places(name) if isinstance(one, Text)]

    def _places(self, name: str) -> list[Text | Keyword]:
        if not name:
            return list(self._declaration.texts)
        one = self._declaration.by_name[name]
        assert isinstance(one, (Text, Keyword))
        return [one]


def words_of(typed: Sequence[str]) -> tuple[str, ...]:
    return tuple(token for one in typed for token in words(one))


def _first(word: Word) -> str:
    return next(iter(words(word.text)), "")
