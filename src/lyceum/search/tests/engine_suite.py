"""What every search engine must do; an engine's own test inherits this and gives the fixture `engine`.

Nothing here knows an engine. Documents are stones (`stones.py`); their numbers stand for their ids.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from lyceum.search.contracts import (
    AllOf,
    AnyOf,
    Band,
    Bands,
    Change,
    Declaration,
    Document,
    Everything,
    Exists,
    Filter,
    Hit,
    IsOneOf,
    Not,
    Nothing,
    Number,
    Range,
    Scored,
    SearchAnswer,
    SearchRequest,
    SecondPass,
    Sort,
    Stored,
    Terms,
    Within,
)
from lyceum.search.engine import SearchEngine, SearchUnavailable, WrongCursor
from lyceum.search.query import parse
from lyceum.search.tests.stones import Stones, stone, stone_id


class Lab:
    """An engine with one kind, and short ways to fill and ask it."""

    def __init__(self, engine: SearchEngine) -> None:
        self.engine, self.version = engine, 0
        self.stones = Stones()
        self.declaration: Declaration = self.stones.declaration(f"stones_{uuid4().hex[:8]}")
        self.kind = self.declaration.kind
        self.is_fitting = engine.prepare(self.declaration)

    def put(self, *documents: Document, version: int | None = None) -> None:
        self.version += 1
        given = self.version if version is None else version
        self.stones.kept |= {one.id: one for one in documents}
        self.engine.apply(self.declaration, [Change(one.id, given, one) for one in documents])
        self.engine.commit(self.kind)

    def drop(self, *numbers: int, version: int | None = None) -> None:
        self.version += 1
        given = self.version if version is None else version
        self.engine.apply(self.declaration, [Change(stone_id(number), given, None) for number in numbers])
        self.engine.commit(self.kind)

    def ask(
        self, text: str = "", visible: Filter | None = None, *, is_open: bool = False, **options: Any
    ) -> SearchAnswer:
        query = parse(text, self.declaration, is_open=is_open)
        request = SearchRequest(self.kind, query, Everything() if visible is None else visible, **options)
        return self.engine.search(self.declaration, request)

    def find(self, text: str = "", visible: Filter | None = None, **options: Any) -> list[int]:
        return numbers(self.ask(text, visible, **options).hits)

    def found(self, text: str = "", visible: Filter | None = None, **options: Any) -> set[int]:
        return set(self.find(text, visible, **options))

    def walk(self, text: str = "", size: int = 7, **options: Any) -> list[int]:
        found, cursor = [], ""
        while True:
            answer = self.ask(text, size=size, cursor=cursor, **options)
            found += numbers(answer.hits)
            cursor = answer.cursor
            if not cursor:
                return found

    def offers(self, text: str, visible: Filter | None = None, size: int = 10) -> list[str]:
        may_see = Everything() if visible is None else visible
        return [one.text for one in self.engine.complete(self.declaration, text, visible=may_see, size=size)]

    def like(self, number: int, visible: Filter | None = None, size: int = 10) -> list[int] | None:
        may_see = Everything() if visible is None else visible
        found = self.engine.more_like_this(self.declaration, stone_id(number), visible=may_see, size=size)
        return None if found is None else numbers(found)

    def stored(self) -> dict[UUID, Stored]:
        return {one.id: one for one in self.engine.stored(self.kind)}


def numbers(hits: Sequence[Hit]) -> list[int]:
    return [hit.id.int & 0xFFFFFFFF for hit in hits]


GARDEN = (
    stone(1, "Red garnets of the alps", popularity=0.2, finder="Anna Müller", colours=["red"], price=Decimal("9.90"),
          story="Found while climbing in the mountains.", found_on=date(1999, 12, 31), owner="alice",
          place=(7.7, 45.9)),
    stone(2, "Green garnet", popularity=0.9, finder="Karel Čapek", colours=["green", "light"], price=Decimal(40),
          story="A miner’s luck: nobody had seen one.", found_on=date(2001, 6, 1), place=(-70.0, -30.0)),
    stone(3, "Amethyst", popularity=0.5, finder="Sean O'Brien", colours=["violet"], price=Decimal(10),
          story="The strangest garnet is no garnet.", found_on=date(2010, 1, 1), owner="bob", is_public=False),
    stone(4, "Die roten Häuser", language="de", popularity=0.4, colours=["red"], price=Decimal(60),
          story="Häuser aus Granat und ein Haus am Berg."),
    stone(5, "Les pierres de l'homme", language="fr", popularity=0.3, story="Des pierres rares.", colours=["light"]),
    stone(6, "Las piedras rojas", language="es", popularity=0.1, story="Una piedra en el camino."),
    stone(7, "Kivi", language="fi", story="Kivet olivat punaisia."),
)  # fmt: skip


class EngineSuite:
    @pytest.fixture
    def engine(self) -> SearchEngine:
        raise NotImplementedError

    @pytest.fixture
    def lab(self, engine: SearchEngine) -> Lab:
        return Lab(engine)

    @pytest.fixture
    def garden(self, lab: Lab) -> Lab:
        lab.put(*GARDEN)
        return lab

    # Words

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("garnet", {1, 2, 3}),
            ("GARNETS", {1, 2, 3}),
            ("climb mountain", {1}),
            ("miner luck", {2}),
            ("miner's", {2}),
            ("Haus", {4}),
            ("hauser", {4}),
            ("pierre", {5}),
            ("homme", {5}),
            ("piedra", {6}),
            ("kivi", {7}),
            ("punaisia", {7}),
            ("capek", {2}),
            ("čapek", {2}),
            ("muller", {1}),
            ("o'brien", {3}),
            ("obrien", {3}),
            ("granite", set()),
        ],
    )
    def test_words_are_found_by_their_stem_whatever_their_case_and_accents(
        self, garden: Lab, text: str, found: set[int]
    ) -> None:
        assert garden.found(text) == found

    def test_stop_words_need_not_be_there_but_alone_are_words(self, garden: Lab) -> None:
        assert garden.found("the garnet of an amethyst") == {3}
        assert garden.found("the") >= {1, 3}

    @pytest.mark.parametrize(
        ("text", "found"),
        [("amethist", {3}), ("amehtyst", {3}), ("garmet", {1, 2, 3}), ("bmethyst", set()), ("muntains", {1})],
    )
    def test_slips_are_forgiven_but_for_the_first_letter(self, garden: Lab, text: str, found: set[int]) -> None:
        assert garden.found(text) == found

    def test_of_a_short_word_no_letter_may_be_wrong(self, lab: Lab) -> None:
        lab.put(stone(1, "Tin"), stone(2, "Tan"), stone(3, "Area 1984"))
        assert lab.found("tin") == {1}
        assert lab.found("1985") == set()

    def test_most_words_must_match(self, lab: Lab) -> None:
        lab.put(stone(1, "red green blue white"), stone(2, "red green"), stone(3, "red"))
        assert lab.find("red green blue black") == [1]
        assert lab.found("red green") == {1, 2}
        assert lab.found("red yellow") == set()

    def test_where_any_word_is_enough_those_with_the_most_come_first(self, lab: Lab) -> None:
        lab.put(stone(1, "red"), stone(2, "red green"), stone(3, "grey"))
        question = replace(parse("is red or green the hue of jasper and onyx", lab.declaration), needed="one")
        answer = lab.engine.search(lab.declaration, SearchRequest(lab.kind, question, Everything()))
        assert lab.find(question.text) == []
        assert numbers(answer.hits) == [2, 1]

    def test_where_no_word_is_needed_they_only_rank(self, lab: Lab) -> None:
        lab.put(stone(1, "red"), stone(2, "red green", price=5), stone(3, "grey", price=5), stone(4, "grey lime"))
        for text, found in (("green red", [1, 2, 3, 4]), ("green red price:5", [2, 3]), ("green -grey", [1, 2])):
            question = replace(parse(text, lab.declaration), needed="none")
            answer = lab.engine.search(lab.declaration, SearchRequest(lab.kind, question, Everything()))
            assert sorted(numbers(answer.hits)) == found
            assert numbers(answer.hits)[0] == 2
            assert answer.count == len(found)

    def test_a_hit_in_the_name_weighs_more_than_one_in_the_story(self, lab: Lab) -> None:
        lab.put(stone(1, "Quartz", story="opal"), stone(2, "Opal", story="quartz"), stone(3, "Ruby", finder="Opal"))
        assert lab.find("opal")[0] == 2
        assert lab.find("opal")[-1] == 1

    def test_the_word_as_written_comes_before_one_that_is_only_near(self, lab: Lab) -> None:
        lab.put(stone(1, "Marbles"), stone(2, "Marvels and marbles"), stone(3, "Marble"))
        assert lab.find("marvels")[0] == 2

    def test_phrases_stand_side_by_side(self, lab: Lab) -> None:
        lab.put(stone(1, "The two towers"), stone(2, "Two old towers"), stone(3, "Towers, the two of them"))
        assert lab.found('"two towers"') == {1}
        assert lab.found("two towers") == {1, 2, 3}
        assert lab.found('"the two"') == {1, 3}

    def test_what_is_left_out_is_not_found(self, garden: Lab) -> None:
        assert garden.found("garnet -green") == {2, 1, 3} - {2}
        assert garden.found("garnet -mountains") == {2, 3}
        assert garden.found('garnet -"red garnets"') == {2, 3}
        assert garden.found("-garnet") == {4, 5, 6, 7}

    def test_a_field_can_be_named(self, garden: Lab) -> None:
        assert garden.found("name:garnet") == {1, 2}
        assert garden.found('by:"karel capek"') == {2}
        assert garden.found("garnet colour:LIGHT") == {2}
        assert garden.found("colour:light") == {2, 5}
        assert garden.found("garnet price:<10") == {1}
        assert garden.found("found_on:1999..2001") == {1, 2}
        assert garden.found("-colour:red garnet") == {2, 3}
        assert garden.found("is_public:no") == {3}

    def test_while_somebody_types_the_last_word_may_go_on(self, garden: Lab) -> None:
        assert garden.found("ameth", is_open=True) == {3}
        assert garden.found("ameth") == set()
        assert garden.found("green gar", is_open=True) == {2}

    def test_signs_of_languages_without_spaces_are_found(self, lab: Lab) -> None:
        lab.put(stone(1, "吾輩は猫である", language="ja"), stone(2, "犬", language="ja"))
        assert lab.found("猫") == {1}
        assert lab.found('"猫である"') == {1}

    # Filters, and what the asker may see

    @pytest.mark.parametrize(
        ("narrow", "found"),
        [
            (Nothing(), set()),
            (IsOneOf("id", (stone_id(1), stone_id(5), uuid4())), {1, 5}),
            (IsOneOf("colours", ("red", "violet")), {1, 3, 4}),
            (IsOneOf("colours", ("Red",)), set()),
            (IsOneOf("colours", ()), set()),
            (IsOneOf("price", (Decimal("9.90"), 40)), {1, 2}),
            (IsOneOf("is_public", (False,)), {3}),
            (Range("price", at_least=10, at_most=40), {2, 3}),
            (Range("price", above=10, below=60), {2}),
            (Range("price", above=Decimal("9.89")), {1, 2, 3, 4}),
            (Range("found_on", at_least=date(2000, 1, 1)), {2, 3}),
            (Range("found_on", below=date(1999, 12, 31)), set()),
            (Exists("place"), {1, 2}),
            (Exists("colours"), {1, 2, 3, 4, 5}),
            (Within("place", 0.0, 40.0, 10.0, 50.0), {1}),
            (Within("place", 170.0, -90.0, -60.0, 90.0), {2}),
            (AllOf((IsOneOf("colours", ("red",)), Range("price", below=20))), {1}),
            (AnyOf((IsOneOf("colours", ("violet",)), Range("price", above=50))), {3, 4}),
            (Not(Exists("colours")), {6, 7}),
            (AllOf(()), {1, 2, 3, 4, 5, 6, 7}),
            (AnyOf(()), set()),
            (Not(AnyOf((IsOneOf("colours", ("red", "light")), Not(Exists("price"))))), {3}),
        ],
    )
    def test_filters_let_through_what_they_say(self, garden: Lab, narrow: Filter, found: set[int]) -> None:
        assert garden.found("", narrow) == found
        assert garden.found("", selections={"one": narrow}) == found

    def test_nobody_finds_counts_or_is_offered_what_they_may_not_see(self, garden: Lab) -> None:
        bob, anybody = garden.stones.visible("bob"), garden.stones.visible(None)
        assert 3 in garden.found("garnet", bob)
        answer = garden.ask("garnet", anybody, facets=(Terms("colours", "colours"),))
        assert set(numbers(answer.hits)) == {1, 2}
        assert answer.count == 2
        assert "violet" not in {bucket.value for bucket in answer.facets["colours"]}
        assert garden.offers("ame", bob) == ["Amethyst"]
        assert garden.offers("ame", anybody) == []
        assert garden.like(3, anybody) is None
        assert 3 not in (garden.like(2, anybody) or [])
        assert garden.ask("ametyhts", anybody, suggest=True).did_you_mean == ""

    # Facets

    def test_a_facet_counts_under_the_other_selections_but_not_its_own(self, garden: Lab) -> None:
        bands = Bands("price", "price", (Band("cheap", None, 10), Band("middle", 10, 50), Band("dear", 50, None)))
        answer = garden.ask(
            selections={"colours": IsOneOf("colours", ("red",)), "price": Range("price", below=50)},
            facets=(Terms("colours", "colours"), bands),
        )
        assert numbers(answer.hits) == [1]
        assert {one.value: one.count for one in answer.facets["colours"]} == {
            "light": 1, "green": 1, "red": 1, "violet": 1,
        }  # fmt: skip
        assert [(one.value, one.count) for one in answer.facets["price"]] == [("cheap", 1), ("middle", 0), ("dear", 1)]

    def test_facets_come_by_frequency_and_no_more_than_asked_for(self, lab: Lab) -> None:
        lab.put(*(stone(n, "Stone", colours=[f"c{n % 4}", "all"], price=n % 3, is_public=n > 2) for n in range(1, 10)))
        answer = lab.ask(
            facets=(Terms("colours", "colours", size=3), Terms("price", "price"), Terms("shown", "is_public"))
        )
        assert [(one.value, one.count) for one in answer.facets["colours"]] == [("all", 9), ("c1", 3), ("c0", 2)]
        assert [(one.value, one.count) for one in answer.facets["price"]] == [("0", 3), ("1", 3), ("2", 3)]
        assert [(one.value, one.count) for one in answer.facets["shown"]] == [("true", 7), ("false", 2)]

    def test_bands_may_overlap_and_say_where_they_begin_and_end(self, garden: Lab) -> None:
        bands = (Band("10 and more", 10, None), Band("40 and more", 40, None))
        found = garden.ask(facets=(Bands("price", "price", bands),)).facets["price"]
        assert [(one.count, one.start, one.end) for one in found] == [(3, 10, None), (2, 40, None)]

    # Order and pages

    def test_without_words_the_most_popular_comes_first(self, garden: Lab) -> None:
        assert garden.find() == [2, 3, 4, 5, 1, 6, 7]
        assert garden.ask().count == 7

    def test_an_order_puts_those_without_a_value_last_both_ways(self, garden: Lab) -> None:
        up, down = garden.find(sort=Sort("price")), garden.find(sort=Sort("price", descending=True))
        assert up[:4] == [1, 3, 2, 4]
        assert down[:4] == [4, 2, 3, 1]
        assert set(up[4:]) == set(down[4:]) == {5, 6, 7}
        assert garden.find("garnet", sort=Sort("found_on", descending=True)) == [3, 2, 1]

    @pytest.mark.parametrize("sort", [None, Sort("price"), Sort("price", descending=True), Sort("found_on")])
    @pytest.mark.parametrize("text", ["", "stone"])
    def test_pages_and_cursors_meet_each_document_once(self, lab: Lab, text: str, sort: Sort | None) -> None:
        lab.put(*(stone(n, "Stone", price=n % 3 if n % 4 else None, popularity=n % 2 / 2) for n in range(1, 41)))
        walked = lab.walk(text, sort=sort)
        paged = [one for page in range(6) for one in lab.find(text, sort=sort, offset=page * 7, size=7)]
        assert len(walked) == len(set(walked)) == 40
        assert walked == paged

    def test_a_walk_by_an_order_misses_nothing_while_others_write(self, lab: Lab) -> None:
        lab.put(*(stone(n, "Stone", price=n % 5) for n in range(1, 31)))
        first = lab.ask(sort=Sort("price"), size=10)
        lab.put(stone(99, "Stone", price=-1))
        lab.drop(*numbers(first.hits)[:3])
        rest, cursor = [], first.cursor
        while cursor:
            answer = lab.ask(sort=Sort("price"), size=10, cursor=cursor)
            rest += numbers(answer.hits)
            cursor = answer.cursor
        assert sorted(numbers(first.hits) + rest) == list(range(1, 31))

    def test_each_hit_says_where_to_go_on_behind_it(self, lab: Lab) -> None:
        lab.put(*(stone(n, "Stone", price=n) for n in range(1, 11)))
        third = lab.ask(sort=Sort("price"), size=5).hits[2]
        assert lab.find(sort=Sort("price"), size=3, cursor=third.cursor) == [4, 5, 6]

    def test_a_cursor_of_another_question_is_refused(self, garden: Lab) -> None:
        cursor = garden.ask("garnet", size=1).cursor
        assert garden.find("garnet", size=1, cursor=cursor)
        for wrong in (cursor[:-4], "x", "é", "AAAA", cursor + "AAAA"):
            with pytest.raises(WrongCursor):
                garden.ask("garnet", size=1, cursor=wrong)
        for other in ({"text": "red"}, {"sort": Sort("price")}, {"selections": {"a": Exists("price")}}):
            with pytest.raises(WrongCursor):
                garden.ask(**{"text": "garnet", "cursor": cursor, **other})

    def test_the_second_pass_orders_the_best_anew_and_leaves_the_rest(self, lab: Lab) -> None:
        lab.put(*(stone(n, "Stone " * n, popularity=n / 10) for n in range(1, 10)))
        seen: list[Scored] = []

        def by_popularity(found: Sequence[Scored]) -> list[float]:
            seen.extend(found)
            return [-one.popularity for one in found]

        plain = lab.find("stone")
        second = SecondPass(by_popularity, window=4)
        assert lab.find("stone", second_pass=second) == sorted(plain[:4]) + plain[4:]
        assert lab.walk("stone", size=3, second_pass=second) == sorted(plain[:4]) + plain[4:]
        assert max(one.text for one in seen) == 1.0

    # What is shown

    def test_a_hit_shows_what_was_found_also_where_it_was_forgiven(self, garden: Lab) -> None:
        def shown(text: str, number: int) -> dict[str, str]:
            hits = garden.ask(text, highlights=("name", "story", "finder")).hits
            return dict(next(hit for hit in hits if hit.id == stone_id(number)).highlights)

        assert "<mark>garnets</mark>" in shown("garnet", 1)["name"]
        assert "story" not in shown("garnet", 1)
        assert "<mark>Amethyst</mark>" in shown("amethist", 3)["name"]
        assert "<mark>Čapek</mark>" in shown("capek", 2)["finder"]
        assert "<mark>mountains</mark>" in shown("mountain", 1)["story"]

    def test_highlights_are_safe_and_short(self, lab: Lab) -> None:
        story = "word " * 200 + "<script>alert(1)</script> needle & more " + "word " * 200
        lab.put(stone(1, "Stone", story=story))
        shown = lab.ask("needle", highlights=("story",)).hits[0].highlights["story"]
        assert "<mark>needle</mark>" in shown
        assert "<script>" not in shown
        assert len(shown) < 400

    def test_brief_hits_are_the_same_without_what_stands_in_them(self, garden: Lab) -> None:
        asked = {"highlights": ("name",), "facets": (Terms("colours", "colours"),)}
        whole, brief = garden.ask("", **asked), garden.ask("", is_brief=True, **asked)
        assert [(hit.id, hit.score, hit.popularity) for hit in brief.hits] == [
            (hit.id, hit.score, hit.popularity) for hit in whole.hits
        ]
        assert {(hit.title, hit.url, hit.cursor, len(hit.highlights)) for hit in brief.hits} == {("", "", "", 0)}
        assert (brief.count, brief.facets) == (whole.count, whole.facets)

    def test_a_hit_says_what_it_is(self, garden: Lab) -> None:
        hit = garden.ask("amethyst").hits[0]
        assert (hit.id, hit.kind, hit.title, hit.url) == (stone_id(3), garden.kind, "Amethyst", "/stones/3/")
        assert hit.popularity == pytest.approx(0.5)
        assert hit.score > 0

    # What was meant

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("bmethyst", "amethyst"), ("bmethyst garnt", "amethyst garnt"), ("greengarnet", "green garnet")],
    )
    def test_where_nothing_is_found_it_says_what_would_be(self, garden: Lab, typed: str, meant: str) -> None:
        answer = garden.ask(typed, suggest=True)
        if answer.count:
            pytest.skip("this engine forgave it")
        assert answer.did_you_mean in (meant, meant.replace("garnt", "garnet"))
        assert garden.ask(answer.did_you_mean).count

    def test_nothing_is_suggested_where_something_was_found_or_nothing_is_near(self, garden: Lab) -> None:
        assert garden.ask("garnet", suggest=True).did_you_mean == ""
        assert garden.ask("xylophonists", suggest=True).did_you_mean == ""
        assert garden.ask("bmethyst").did_you_mean == ""

    # While typing

    def test_texts_are_offered_by_popularity_each_once(self, lab: Lab) -> None:
        lab.put(
            stone(1, "Lord of the Rings", popularity=0.5),
            stone(2, "The Lords of Stone", popularity=0.9),
            stone(3, "Lord of the Rings", popularity=0.4),
            stone(4, "Overlord", popularity=1.0),
        )
        assert lab.offers("lor") == ["The Lords of Stone", "Lord of the Rings"]
        assert lab.offers("LORD of the r") == ["Lord of the Rings"]
        assert lab.offers("lor", size=1) == ["The Lords of Stone"]

    def test_slips_are_forgiven_while_typing(self, garden: Lab) -> None:
        assert garden.offers("amethi") == ["Amethyst"]
        assert garden.offers("grene garn") == ["Green garnet"]
        assert garden.offers("zzz") == []
        assert garden.offers("hauser") == ["Die roten Häuser"]

    # More like this

    def test_more_like_this_finds_others_with_the_same_telling_words(self, lab: Lab) -> None:
        lab.put(
            stone(1, "Garnets of the alps", story="Climbing glaciers with a hammer", colours=["red"]),
            stone(2, "A hammer on glaciers", story="More garnets", colours=["red"]),
            stone(3, "Sea shells", story="By the shore"),
            *(stone(n, f"Pebble number {n}", story="Of the beach") for n in range(10, 40)),
        )
        found = lab.like(1)
        assert found is not None
        assert found[0] == 2
        assert not {1, 3} & set(found)
        assert lab.like(1, size=1) == [2]
        assert lab.like(77) is None

    # Changes

    def test_what_is_committed_is_there_at_once_and_only_then(self, lab: Lab) -> None:
        lab.engine.apply(lab.declaration, [Change(stone_id(1), 1, stone(1, "Opal"))])
        lab.engine.commit(lab.kind)
        assert lab.find("opal") == [1]
        assert lab.engine.count(lab.kind) == 1

    def test_a_change_takes_the_place_of_what_was_and_a_deleted_one_is_gone_everywhere(self, garden: Lab) -> None:
        garden.put(stone(3, "Opal", story="Milky"))
        assert garden.found("amethyst") == set()
        assert garden.found("opal") == {3}
        garden.drop(3)
        assert garden.found("opal") == set()
        assert garden.offers("opa") == []
        assert garden.like(3) is None
        assert 3 not in garden.found()
        assert stone_id(3) not in garden.stored()
        assert garden.engine.count(garden.kind) == 6

    def test_an_older_version_never_takes_the_place_of_a_newer_one(self, lab: Lab) -> None:
        lab.put(stone(1, "New"), version=5)
        lab.put(stone(1, "Old"), version=4)
        assert (lab.found("new"), lab.found("old")) == ({1}, set())
        lab.drop(1, version=3)
        assert lab.found("new") == {1}
        lab.put(stone(1, "Newer"), version=6)
        assert lab.found("newer") == {1}

    def test_the_same_change_again_changes_nothing(self, lab: Lab) -> None:
        for _ in range(2):
            lab.put(stone(1, "Opal"), version=7)
        assert lab.find() == [1]
        assert lab.engine.count(lab.kind) == 1

    def test_several_changes_of_one_document_in_a_bulk_leave_the_newest(self, lab: Lab) -> None:
        one, other = stone(1, "Opal"), stone(1, "Ruby")
        changes = [Change(one.id, 1, one), Change(one.id, 2, None), Change(one.id, 3, other)]
        lab.engine.apply(lab.declaration, changes)
        lab.engine.commit(lab.kind)
        assert (lab.find("ruby"), lab.find("opal"), lab.find()) == ([1], [], [1])

    def test_what_is_stored_tells_its_version_and_content(self, lab: Lab) -> None:
        made = [stone(n, f"Stone {n}", popularity=0.25) for n in range(1, 31)]
        lab.put(*made, version=3)
        assert lab.stored() == {one.id: Stored(one.id, 3, one.digest) for one in made}

    # Generations

    def test_a_new_generation_takes_over_in_one_step(self, garden: Lab) -> None:
        garden.engine.begin(garden.declaration)
        fresh = [stone(20, "Opal"), stone(21, "Ruby")]
        garden.engine.apply(garden.declaration, [Change(one.id, 50, one) for one in fresh], building=True)
        garden.engine.commit(garden.kind, building=True)
        assert garden.engine.count(garden.kind, building=True) == 2
        assert garden.found("opal") == set()
        assert garden.engine.count(garden.kind) == 7

        garden.engine.switch(garden.kind)
        assert garden.found() == {20, 21}
        garden.put(stone(22, "Onyx"), version=60)
        assert garden.found() == {20, 21, 22}
        assert garden.engine.resume(garden.declaration) is False

    def test_a_half_built_generation_can_be_dropped_or_begun_again(self, garden: Lab) -> None:
        opal = stone(20, "Opal")
        garden.engine.begin(garden.declaration)
        garden.engine.apply(garden.declaration, [Change(opal.id, 50, opal)], building=True)
        garden.engine.commit(garden.kind, building=True)
        garden.engine.begin(garden.declaration)
        assert garden.engine.count(garden.kind, building=True) == 0
        garden.engine.discard(garden.kind)
        garden.engine.discard(garden.kind)
        assert garden.engine.resume(garden.declaration) is False
        assert garden.engine.count(garden.kind) == 7

    def test_an_index_of_another_schema_is_told_and_goes_on_answering_until_it_is_replaced(self, garden: Lab) -> None:
        assert garden.engine.prepare(garden.declaration) is True
        wider = replace(garden.declaration, fields=(*garden.declaration.fields, Number("weight")))
        assert garden.engine.prepare(wider) is False
        assert garden.found("amethyst") == {3}

        heavy = stone(30, "Basalt", weight=12)
        garden.engine.begin(wider)
        garden.engine.apply(wider, [Change(heavy.id, 90, heavy)], building=True)
        garden.engine.commit(garden.kind, building=True)
        garden.engine.switch(garden.kind)
        assert garden.engine.prepare(wider) is True
        request = SearchRequest(garden.kind, visible=Range("weight", above=10))
        assert numbers(garden.engine.search(wider, request).hits) == [30]

    def test_a_kind_that_was_never_indexed_is_unavailable_and_not_empty(self, lab: Lab) -> None:
        assert lab.is_fitting is False
        other = lab.stones.declaration("never_indexed")
        with pytest.raises(SearchUnavailable):
            lab.engine.search(other, SearchRequest(other.kind, visible=Everything()))

    def test_health_counts_the_documents(self, garden: Lab) -> None:
        health = garden.engine.health()
        assert health.is_well
        assert health.documents.get(garden.kind, 7) == 7

    def test_an_empty_index_answers(self, lab: Lab) -> None:
        answer = lab.ask("opal", facets=(Terms("colours", "colours"), Bands("price", "price", (Band("all", 0, 9),))))
        assert (answer.count, answer.hits, answer.facets["colours"], answer.cursor) == (0, (), (), "")
        assert answer.facets["price"][0].count == 0
        assert lab.offers("op") == []
        assert lab.stored() == {}
