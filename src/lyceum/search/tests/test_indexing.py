"""How changes travel from the queue to the index, and indexes are built anew."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from lyceum.search import engines, registry
from lyceum.search.checking import compare, mend
from lyceum.search.contracts import Declaration, Document
from lyceum.search.indexing import BUILT_AT_ONCE, Indexer, ask_for_build
from lyceum.search.models import IndexBuild, Meaning, PendingChange, VectorModel
from lyceum.search.public import changed, complete, declare, search
from lyceum.search.tests.stones import Stones, stone, stone_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def stones() -> Iterator[Stones]:
    found = Stones()
    declare(found.declaration())
    yield found
    registry.forget("stones")


@pytest.fixture
def index(stones: Stones, index: Indexer) -> Indexer:
    return index


def put(stones: Stones, *documents: Document) -> None:
    stones.kept |= {one.id: one for one in documents}
    changed("stones", [one.id for one in documents])


def found(text: str = "", asker: Any = "curator") -> int:
    return search("stones", text, asker=asker).count


def test_a_change_is_found_once_the_indexer_took_it_in(stones: Stones, index: Indexer) -> None:
    put(stones, stone(1, "Opal"), stone(2, "Ruby"))
    assert found("opal") == 0
    index.catch_up()
    assert (found("opal"), found("ruby")) == (1, 1)
    assert not PendingChange.objects.exists()

    del stones.kept[stone_id(1)]
    put(stones, stone(2, "Spinel"))
    changed("stones", [stone_id(1)])
    index.catch_up()
    assert (found("opal"), found("ruby"), found("spinel")) == (0, 0, 1)


def test_asking_goes_by_what_the_asker_may_see(stones: Stones, index: Indexer) -> None:
    put(stones, stone(1, "Opal", is_public=False, owner="bob"))
    index.catch_up()
    assert [found("opal", asker) for asker in ("bob", "charlie", None)] == [1, 0, 0]
    assert [len(complete("stones", "op", asker=asker)) for asker in ("bob", "charlie")] == [1, 0]
    assert complete("stones", "o", asker="bob") == []


def test_a_new_workspace_finds_what_was_there_before_its_index(stones: Stones) -> None:
    stones.kept |= {one.id: one for one in (stone(number, "Opal") for number in range(1, 6))}
    indexer = Indexer(engines.current())
    indexer.prepare()
    assert IndexBuild.objects.filter(kind="stones").exists()
    indexer.catch_up()
    assert found("opal") == 5
    assert not IndexBuild.objects.exists()
    engines.current().close()


def test_changes_during_a_build_are_in_both_indexes(
    stones: Stones, index: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyceum.search.indexing.BUILT_AT_ONCE", 2)
    put(stones, *(stone(number, "Opal") for number in range(1, 7)))
    index.catch_up()
    ask_for_build(["stones"])
    index.turn()

    del stones.kept[stone_id(1)]
    put(stones, stone(2, "Ruby"), stone(6, "Ruby"))
    changed("stones", [stone_id(1)])
    index.turn()
    assert (found("ruby"), found("opal")) == (2, 3)
    index.catch_up()
    assert (found("ruby"), found("opal"), found()) == (2, 3, 5)
    assert not compare(engines.current(), registry.get("stones")).ids


def test_a_build_goes_on_after_a_crash_where_it_was(stones: Stones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyceum.search.indexing.BUILT_AT_ONCE", 2)
    loaded: list[UUID] = []

    def load(ids: Sequence[UUID]) -> list[Document]:
        loaded.extend(ids)
        return list(stones.load(ids))

    registry.forget("stones")
    declare(replace(stones.declaration(), load=load))
    stones.kept |= {one.id: one for one in (stone(number, "Opal") for number in range(1, 7))}
    before = Indexer(engines.current())
    before.prepare()
    while IndexBuild.objects.get(kind="stones").done < 4:
        before.turn()
    engines.current().close()

    after = Indexer(engines.current())
    after.prepare()
    after.catch_up()
    assert found("opal") == 6
    assert len(loaded) == 6
    engines.current().close()


def test_another_shape_is_built_while_the_old_one_answers(stones: Stones, index: Indexer) -> None:
    put(stones, stone(1, "Opal"))
    index.catch_up()
    engines.current().close()
    registry.forget("stones")
    declare(replace(stones.declaration(), revision=2))

    after = Indexer(engines.current())
    after.prepare()
    assert found("opal") == 1
    assert IndexBuild.objects.filter(kind="stones").exists()
    after.catch_up()
    assert found("opal") == 1
    assert not IndexBuild.objects.exists()


def test_a_document_that_cannot_be_made_holds_nothing_up(stones: Stones, index: Indexer) -> None:
    registry.forget("stones")

    def load(ids: Sequence[UUID]) -> list[Document]:
        if stone_id(2) in ids:
            raise TypeError("no such stone")
        return list(stones.load(ids))

    declare(replace(stones.declaration(), load=load))
    put(stones, *(stone(number, "Opal") for number in range(1, 6)))
    index.catch_up()
    assert found("opal") == 4
    assert not PendingChange.objects.exists()


def test_changes_of_a_kind_that_no_longer_exists_are_dropped(stones: Stones, index: Indexer) -> None:
    PendingChange.objects.create(kind="fossils", document_id=stone_id(1))
    index.catch_up()
    assert not PendingChange.objects.exists()


def test_the_check_tells_what_is_missing_other_or_left_over_and_mends_it(stones: Stones, index: Indexer) -> None:
    put(stones, *(stone(number, f"Opal {number}") for number in range(1, 6)))
    index.catch_up()
    engine, declaration = engines.current(), registry.get("stones")
    assert compare(engine, declaration).ids == frozenset()

    stones.kept[stone_id(1)] = stone(1, "Ruby")
    del stones.kept[stone_id(2)]
    stones.kept[stone_id(9)] = stone(9, "Onyx")
    difference = compare(engine, declaration)
    assert (difference.changed, difference.gone, difference.missing) == ({stone_id(1)}, {stone_id(2)}, {stone_id(9)})

    mend(declaration, difference)
    index.catch_up()
    assert compare(engine, declaration).ids == frozenset()


def test_what_waits_for_the_indexer_is_no_difference(stones: Stones, index: Indexer) -> None:
    put(stones, stone(1, "Opal"))
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        index.catch_up()

    assert compare(engines.current(), registry.get("stones"), wait=wait).ids == frozenset()
    assert waits
    assert BUILT_AT_ONCE > 1


def test_the_vectors_follow_the_same_changes(stones: Stones, index: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr("lyceum.search.vectors.embedding.start", lambda: started.append(1))
    VectorModel.objects.create(name="test", size=8)
    registry.forget("stones")
    declare(replace(stones.declaration(), meaning=("name",)))

    put(stones, stone(1, "Opal"))
    index.catch_up()
    assert (Meaning.objects.filter(document_id=stone_id(1)).count(), len(started)) == (1, 1)

    del stones.kept[stone_id(1)]
    changed("stones", [stone_id(1)])
    index.catch_up()
    assert not Meaning.objects.filter(document_id=stone_id(1)).exists()


def test_declarations_of_all_apps_fit_the_engine(index: Indexer) -> None:
    kinds: list[Declaration] = registry.all_declared()
    assert {"stones"} < {one.kind for one in kinds}
    for one in kinds:
        assert engines.current().count(one.kind) >= 0
