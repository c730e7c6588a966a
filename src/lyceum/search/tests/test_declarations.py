"""What apps declare, and the numbers by which a difference is seen."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from lyceum.core.ids import uuid7
from lyceum.search import queue, registry
from lyceum.search.contracts import Completion, Declaration, Document, Everything, Keyword, Number, Text
from lyceum.search.models import PendingChange
from lyceum.search.public import changed, declare

STONES = Declaration(
    kind="stones",
    fields=(Text("name", boost=3), Keyword("colours"), Number("price")),
    load=lambda ids: [],
    ids=lambda after: [],
    visible=lambda asker: Everything(),
)


@pytest.fixture
def stones() -> Iterator[Declaration]:
    declare(STONES)
    yield STONES
    registry.forget("stones")


def stone(**changes: Any) -> Document:
    values = {"name": "Garnet", "colours": ["red"], "price": Decimal("9.90")}
    return replace(Document(uuid7(), "Garnet", "/stones/1/", values), **changes)


def test_a_digest_tells_every_difference_of_content_and_no_other() -> None:
    garnet = stone()
    same = stone(values={"price": Decimal("9.90"), "colours": ("red",), "name": "Garnet"})
    others = [
        stone(title="Ruby"),
        stone(url="/stones/2/"),
        stone(language="de"),
        stone(popularity=0.5),
        stone(values={**garnet.values, "price": Decimal("9.91")}),
        stone(values={**garnet.values, "colours": ["red", "green"]}),
    ]
    assert same.digest == garnet.digest
    assert len({one.digest for one in [garnet, *others]}) == 7


def test_a_schema_has_another_name_when_its_index_must_be_another() -> None:
    assert replace(STONES, load=lambda ids: []).schema == STONES.schema
    assert replace(STONES, fields=(*STONES.fields, Number("weight"))).schema != STONES.schema
    assert replace(STONES, fields=(Text("name", boost=2), *STONES.fields[1:])).schema == STONES.schema
    assert replace(STONES, fields=(Text("name", by_language=False), *STONES.fields[1:])).schema != STONES.schema
    assert replace(STONES, revision=2).schema != STONES.schema


@pytest.mark.parametrize(("language", "stems"), [("en", "en"), ("de-AT", "de"), ("FR", "fr"), ("fi", ""), ("", "")])
def test_the_language_of_a_document_says_whose_stems_are_used(language: str, stems: str) -> None:
    assert stone(language=language).stem_language == stems


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "Stones and more"},
        {"kind": "rocks", "fields": (Text("name"), Keyword("name"))},
        {"kind": "rocks", "fields": (Text("id"),)},
        {"kind": "rocks", "fields": (Completion("a"), Completion("b"))},
        {"kind": "rocks", "aliases": {"shade": "colour"}},
        {"kind": "rocks", "similar": ("description",)},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        declare(replace(STONES, **wrong))
    assert {one.kind for one in registry.all_declared()}.isdisjoint({"rocks", "Stones and more"})


def test_a_kind_is_declared_once(stones: Declaration) -> None:
    with pytest.raises(ValueError, match="declared twice"):
        declare(stones)


@pytest.mark.django_db
def test_changes_wait_in_the_transaction_each_document_once_a_call(stones: Declaration) -> None:
    one, other = uuid7(), uuid7()
    changed("stones", [one, other, one])
    changed("stones", [])
    assert [row.document_id for row in queue.waiting(10)] == [one, other]

    queue.done(queue.waiting(1))
    assert [row.document_id for row in PendingChange.objects.all()] == [other]
    assert queue.depth()[0] == 1


@pytest.mark.django_db
def test_nobody_tells_changes_of_a_kind_that_nobody_declared() -> None:
    with pytest.raises(KeyError):
        changed("rocks", [uuid7()])


@pytest.mark.django_db
def test_what_is_read_later_has_the_higher_version() -> None:
    assert queue.next_version() < queue.next_version()
