from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lyceum.search import engines, public
from lyceum.search.contracts import Change, IsOneOf, SearchAnswer, SecondPass, Terms
from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.engine import WrongCursor
from lyceum.search.tests.tales import Tale, Tales, key, numbers, told
from lyceum.search.vectors import embedding
from lyceum.search.vectors.following import follow

pytestmark = pytest.mark.django_db


class Library:
    """Tales in an index and as vectors, both brought up to date by `keep`."""

    def __init__(self, tales: Tales, engine: TantivyEngine) -> None:
        self.tales, self.engine, self._version = tales, engine, 0
        engine.prepare(tales.declaration)

    def keep(self, *some: Tale) -> None:
        self.tales.add(*some)
        self._version += 1
        ids = [one.int for one in self.tales.rows]
        documents = self.tales.documents(*ids)
        self.engine.apply(
            self.tales.declaration, [Change(one, self._version, document) for one, document in documents.items()]
        )
        self.engine.commit("tale")
        follow(self.tales.declaration, documents)
        while embedding.advance():
            pass

    def ask(self, text: str, asker: str = "alice", **options: Any) -> SearchAnswer:
        return public.search("tale", text, asker=asker, by_meaning=True, **options)

    def find(self, text: str, asker: str = "alice", **options: Any) -> list[int]:
        return numbers(hit.id for hit in self.ask(text, asker, **options).hits)


@pytest.fixture
def library(settings: Any, tmp_path: Path) -> Iterator[Library]:
    settings.EMBEDDINGS, settings.SEARCH_DIR, settings.SEARCH_URL = "wordllama", tmp_path, ""
    engines._in_folder.cache_clear()
    with told() as tales:
        found = Library(tales, TantivyEngine(tmp_path))
        found.keep()
        yield found
    engines._in_folder.cache_clear()


def test_what_no_word_finds_is_found_by_its_meaning(library: Library) -> None:
    assert public.search("tale", "eruption of magma", asker="alice").count == 0

    answer = library.ask("eruption of magma")
    assert numbers(hit.id for hit in answer.hits) == [3]
    assert answer.count == 1
    assert answer.hits[0].title == "Ash"


def test_nonsense_finds_nothing_all_the_same(library: Library) -> None:
    answer = library.ask("asdfgh qwertz")

    assert answer.count == 0
    assert answer.hits == ()


def test_nobody_finds_counts_or_facets_what_they_may_not_see(library: Library) -> None:
    library.tales.change(3, readers=("bob",))
    library.keep()
    facets = (Terms("years", "year"),)

    assert library.find("eruption of magma", "bob") == [3]
    for text in ("eruption of magma", "volcano lava ash"):
        answer = library.ask(text, "alice", facets=facets)
        assert 3 not in numbers(hit.id for hit in answer.hits)
        assert sum(bucket.count for bucket in answer.facets["years"]) == answer.count


def test_words_and_meaning_are_one_set_that_is_counted_and_faceted_once(library: Library) -> None:
    library.keep(
        Tale(key(10), "Lava", "Lava flows from the volcano.", year=1990),
        Tale(key(11), "Lava lamp", "A lamp.", year=1990),
        Tale(key(12), "Vesuvius", "The eruption buried the city under hot ash.", year=1991),
    )
    answer = library.ask("lava", facets=(Terms("years", "year"),))

    found = set(numbers(hit.id for hit in answer.hits))
    assert found >= {3, 10, 11}
    assert answer.count == len(found)
    assert sum(bucket.count for bucket in answer.facets["years"]) == answer.count
    assert {bucket.value: bucket.count for bucket in answer.facets["years"]}["1990"] == 2


def test_a_selection_narrows_hits_and_count_but_not_its_own_facet(library: Library) -> None:
    library.keep(Tale(key(12), "Vesuvius", "The eruption buried the city under ash and lava.", year=1991))
    facets = (Terms("years", "year"),)
    selections = {"years": IsOneOf("year", (1991,))}

    wide = library.ask("eruption of magma", facets=facets)
    narrow = library.ask("eruption of magma", facets=facets, selections=selections)

    assert numbers(hit.id for hit in narrow.hits) == [12]
    assert narrow.count == 1
    assert narrow.facets == wide.facets


def test_phrases_exclusions_and_filters_hold_for_the_meaning_too(library: Library) -> None:
    library.keep(Tale(key(12), "Vesuvius", "The eruption buried the city under ash.", year=1991))

    assert set(library.find("magma eruption")) == {3, 12}
    assert library.find("magma eruption -harbour") == [12]
    assert library.find('magma eruption "buried the city"') == [12]
    assert library.find("magma eruption year:2000") == [3]
    assert library.find("magma eruption title:vesuvius") == [12]


def test_pages_and_cursors_meet_each_document_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyceum.search.hybrid.CANDIDATES", 6)
    monkeypatch.setattr("lyceum.search.hybrid.MOST_BY_MEANING", 5)
    library.keep(*(Tale(key(100 + number), f"Lava {number}", "Hot lava. " * (number % 7 + 1)) for number in range(23)))

    whole = library.find("lava", size=100)
    assert len(whole) == len(set(whole)) == library.ask("lava").count
    pages = [found for offset in range(0, 30, 4) for found in library.find("lava", offset=offset, size=4)]
    assert pages == whole
    walked, cursor = [], ""
    while True:
        answer = library.ask("lava", size=4, cursor=cursor)
        walked += numbers(hit.id for hit in answer.hits)
        cursor = answer.cursor
        if not cursor:
            break
    assert walked == whole
    with pytest.raises(WrongCursor):
        library.ask("ash", cursor=library.ask("lava", size=4).cursor)


def test_the_second_pass_orders_the_best_anew(library: Library) -> None:
    library.keep(Tale(key(12), "Vesuvius", "The eruption buried the city under ash and lava."))
    found = library.find("lava ash")

    turned = SecondPass(lambda scored: [-one.text for one in scored])
    assert library.find("lava ash", second_pass=turned) == found[::-1]


def test_an_order_or_no_words_leaves_the_answer_to_the_engine(library: Library) -> None:
    assert library.ask("").count == 3
    assert library.find("year:1990") == [2]


def test_without_vectors_the_words_answer_alone(library: Library) -> None:
    from lyceum.search.models import Meaning, VectorModel

    VectorModel.objects.all().delete()
    Meaning.objects.all().delete()

    assert library.find("lava") == [3]
    assert library.ask("eruption of magma").count == 0


def test_a_server_that_is_away_leaves_the_answer_to_the_words(library: Library, settings: Any) -> None:
    from lyceum.search.models import VectorModel

    VectorModel.objects.update(name="theirs")
    settings.EMBEDDINGS_URL, settings.EMBEDDINGS_MODEL = "http://127.0.0.1:9", "theirs"
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1:9"]

    assert library.find("lava") == [3]


def test_the_same_question_has_the_same_answer(library: Library) -> None:
    once, again = library.ask("lava ash"), library.ask("lava ash")

    assert [(hit.id, hit.score) for hit in once.hits] == [(hit.id, hit.score) for hit in again.hits]
