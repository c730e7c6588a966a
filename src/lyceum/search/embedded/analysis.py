"""How Tantivy takes texts apart: folded for every language, stemmed and without stop words for those we know."""

from functools import lru_cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from lyceum.search.contracts import LANGUAGES
from lyceum.search.stop_words import STOP_WORDS
from lyceum.search.words import SIGNS, even_out

FOLD, STEM = "fold", "stem"
LONGEST_WORD = 60
NAMES = {"en": "english", "de": "german", "fr": "french", "es": "spanish"}
# Signs of Chinese and Japanese stand alone, since these do not part words; as in `search.words`.
_WORDS = rf"[{SIGNS}]|[\w--[{SIGNS}]]+"


def _analyzer(*filters: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.regex(_WORDS)).filter(Filter.remove_long(LONGEST_WORD))
    for one in filters:
        builder = builder.filter(one)
    return builder.build()


def _stemmer(language: str) -> TextAnalyzer:
    # Folded last: the stemmers and the lists of stop words know accents.
    name = NAMES[language]
    silent = Filter.custom_stopword(sorted(STOP_WORDS[language]))
    return _analyzer(Filter.lowercase(), Filter.stopword(name), silent, Filter.stemmer(name), Filter.ascii_fold())


folding = _analyzer(Filter.lowercase(), Filter.ascii_fold())
stemmers = {language: _stemmer(language) for language in LANGUAGES}
_silent = frozenset(word for found in STOP_WORDS.values() for word in found)


@lru_cache(maxsize=50_000)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text as the folded fields hold them."""
    return tuple(folding.analyze(even_out(text)))


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """Return what a word may be in the stemmed fields: its stem in each language."""
    return frozenset(stem for stemmer in stemmers.values() for stem in stemmer.analyze(word))


def is_stop_word(word: str) -> bool:
    """Say whether a folded word says nothing in one of the languages, so that documents need not have it."""
    return not word or word in _silent
