import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from lyceum.core.errors import Unavailable
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.search import embeddings
from lyceum.search.contracts import (
    AllOf,
    AnyOf,
    Everything,
    Exists,
    Filter,
    IsOneOf,
    Not,
    Nothing,
    Range,
    Within,
)
from lyceum.search.embeddings.server import ServerUnavailable
from lyceum.search.models import Meaning, VectorModel
from lyceum.search.tests.tales import Tale, Tales, key, numbers, told, visible
from lyceum.search.vectors import embedding
from lyceum.search.vectors.conditions import translate
from lyceum.search.vectors.following import follow
from lyceum.search.vectors.indexes import name_of
from lyceum.search.vectors.nearest import Question, by_index, cosines, nearest, understand

pytestmark = pytest.mark.django_db
QUESTION = "eruption of lava"


@pytest.fixture
def tales(settings: Any) -> Iterator[Tales]:
    settings.EMBEDDINGS = "wordllama"
    with told() as found:
        yield found


def embed_all() -> None:
    while embedding.advance():
        pass


def asked(text: str = QUESTION) -> Question:
    found = understand(text)
    assert found is not None
    return found


def found_by(tales: Tales, allowed: Filter, text: str = QUESTION) -> list[int]:
    return numbers(nearest(tales.declaration, asked(text), allowed=allowed, size=10))


# Finding


def test_the_nearest_comes_first_whatever_its_words(tales: Tales) -> None:
    embed_all()

    assert found_by(tales, visible("alice"), "monetary policy")[0] == 2
    assert found_by(tales, visible("alice"), "Which animal chases who delivers mail?")[0] == 1
    near = nearest(tales.declaration, asked(), allowed=Everything(), size=1)
    assert numbers(near) == [3]
    assert 0.2 < near[key(3)] <= 1


def test_nobody_is_given_what_they_may_not_see(tales: Tales) -> None:
    tales.change(3, readers=("alice", "bob"))
    embed_all()

    assert 3 in found_by(tales, visible("alice"))
    assert 3 in found_by(tales, visible("bob"))
    assert found_by(tales, visible("charlie")) != []
    assert 3 not in found_by(tales, visible("charlie"))
    assert 3 not in numbers(cosines(tales.declaration, asked(), [key(3), key(1)], allowed=visible("charlie")))
    assert found_by(tales, Nothing()) == []


def test_rights_that_change_count_from_the_commit_on_without_a_new_vector(tales: Tales) -> None:
    embed_all()
    tales.change(3, readers=("alice",))

    assert not follow(tales.declaration, tales.documents(3))
    assert 3 not in found_by(tales, visible("bob"))
    assert 3 in found_by(tales, visible("alice"))


def test_what_is_deleted_is_gone_at_once(tales: Tales) -> None:
    embed_all()
    del tales.rows[key(3)]
    follow(tales.declaration, tales.documents(3))

    assert 3 not in found_by(tales, Everything())
    assert not Meaning.objects.filter(document_id=key(3)).exists()


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (Everything(), [1, 2, 3]),
        (Nothing(), []),
        (AllOf(()), [1, 2, 3]),
        (AnyOf(()), []),
        (IsOneOf("year", (1990, 7)), [2]),
        (IsOneOf("year", (Decimal("1990"),)), [2]),
        (IsOneOf("year", ()), []),
        (IsOneOf("is_old", (True,)), [2]),
        (IsOneOf("id", (key(1), str(key(3)))), [1, 3]),
        (IsOneOf("readers", ("x' or 'a' = 'a",)), []),
        (IsOneOf("told_on", (date(2020, 1, 31),)), [1, 2, 3]),
        (Range("year", at_least=1990, below=2000), [2]),
        (Range("year", above=1990), [1, 3]),
        (Range("year"), [1, 2, 3]),
        (Range("told_on", at_most=datetime(2020, 1, 31, tzinfo=UTC)), [1, 2, 3]),
        (Range("told_on", below=date(2020, 1, 31)), []),
        (Range("popularity", at_least=0.5), [1, 2, 3]),
        (Exists("place"), [3]),
        (Not(Exists("place")), [1, 2]),
        (Within("place", west=10, south=30, east=20, north=40), [3]),
        (Within("place", west=170, south=30, east=20, north=40), [3]),
        (Within("place", west=16, south=30, east=20, north=40), []),
        (AllOf((IsOneOf("readers", ("alice",)), Not(IsOneOf("year", (1990,))))), [1, 3]),
        (AnyOf((IsOneOf("year", (1990,)), Exists("place"))), [2, 3]),
        (Not(IsOneOf("year", (1990,))), [1, 3]),
    ],
)
def test_every_filter_lets_through_what_it_says(tales: Tales, allowed: Filter, expected: list[int]) -> None:
    embed_all()

    assert sorted(found_by(tales, allowed)) == expected


def test_a_document_without_a_value_passes_no_filter_on_it_but_its_opposite(tales: Tales) -> None:
    tales.change(1, year=None, told_on=None)
    embed_all()

    assert sorted(found_by(tales, Range("year", at_least=0))) == [2, 3]
    assert sorted(found_by(tales, IsOneOf("year", (1990, 2000)))) == [2, 3]
    assert sorted(found_by(tales, Not(IsOneOf("year", (1990,))))) == [1, 3]


def test_a_field_that_is_none_or_a_text_cannot_be_filtered(tales: Tales) -> None:
    embed_all()
    for name in ("title", "nothing", 'year"'):
        with pytest.raises(ValueError, match="cannot be filtered"):
            found_by(tales, IsOneOf(name, ("x",)))


def test_the_index_goes_on_until_enough_have_passed_a_narrow_filter(tales: Tales) -> None:
    tales.add(*(Tale(key(100 + number), f"Lava {number}", "Lava and ash.", readers=("bob",)) for number in range(600)))
    embed_all()

    assert found_by(tales, visible("alice"))[0] == 3
    assert sorted(found_by(tales, visible("alice"))) == [1, 2, 3]
    assert len(nearest(tales.declaration, asked(), allowed=visible("bob"), size=200)) == 200


def test_the_index_of_the_model_answers(tales: Tales) -> None:
    embed_all()
    question = asked()
    statement, values = by_index("tale", question, translate(visible("alice"), tales.declaration), 10)
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute(f"explain {statement}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert f"Index Scan using {name_of(question.model)}" in plan
    assert "Filter: " in plan


# Staying true


def test_a_changed_text_is_embedded_again_and_serves_as_before_until_then(tales: Tales) -> None:
    embed_all()
    tales.change(1, text="Lava runs down the slope of the volcano, an eruption of ash.", title="Etna")

    assert follow(tales.declaration, tales.documents(1))
    assert found_by(tales, Everything())[0] == 3
    assert embedding.status()["serving"]["waiting"] == 1
    embed_all()
    assert found_by(tales, Everything())[0] == 1
    assert not follow(tales.declaration, tales.documents(1))


def test_a_new_document_is_found_once_it_is_embedded(tales: Tales) -> None:
    embed_all()
    tales.add(Tale(key(4), "Vesuvius", "An eruption of lava."))

    assert follow(tales.declaration, tales.documents(4))
    assert 4 not in found_by(tales, Everything())
    embed_all()
    assert found_by(tales, Everything())[0] == 4


def test_an_empty_text_has_no_vector_and_is_not_tried_again(tales: Tales) -> None:
    tales.add(Tale(key(4), "", ""))
    embed_all()

    assert 4 not in found_by(tales, Everything())
    assert embedding.status()["serving"]["waiting"] == 0


def test_what_changed_unheard_is_made_good_by_a_walk(tales: Tales) -> None:
    embed_all()
    del tales.rows[key(1)]
    tales.change(2, readers=("alice",))
    tales.add(Tale(key(5), "Etna", "Lava."))
    embed_all()
    assert sorted(found_by(tales, visible("bob"))) == [1, 2, 3]

    VectorModel.objects.update(walked={})
    embed_all()
    assert sorted(found_by(tales, visible("bob"))) == [3, 5]


def test_a_row_whose_document_went_without_a_word_does_not_hold_the_job_up(tales: Tales) -> None:
    embed_all()
    tales.change(1, text="Other.")
    follow(tales.declaration, tales.documents(1))
    del tales.rows[key(1)]
    embed_all()

    assert embedding.status()["serving"]["documents"] == 2


def test_only_one_works_at_a_time(tales: Tales) -> None:
    import psycopg

    from lyceum.core.database import connection_fields

    with psycopg.connect(**connection_fields()) as other:
        other.execute("select pg_advisory_lock(%s)", [embedding.LOCK])
        assert not embedding.advance()
        assert not VectorModel.objects.exists()
        other.execute("select pg_advisory_unlock(%s)", [embedding.LOCK])
    embed_all()
    assert VectorModel.objects.get().is_serving


# Another model


def vectors_for(request: bytes) -> Reply:
    texts = json.loads(request)["input"]
    rows = [
        {"index": index, "embedding": [1.0, float("lava" in text.lower()), 0.0]} for index, text in enumerate(texts)
    ]
    return Reply(body=json.dumps({"data": rows}).encode())


@pytest.fixture
def server(settings: Any) -> Iterator[Outside]:
    with serving() as outside:
        take = outside._take

        def answer(request: Any) -> Reply:
            kept = take(request)
            return vectors_for(request.body) if kept is outside.usual else kept

        outside._take = answer  # type: ignore[method-assign]
        settings.OUTBOUND_ALLOWED_HOSTS = [outside.host]
        settings.EMBEDDINGS_URL, settings.EMBEDDINGS_MODEL = outside.url, "theirs"
        yield outside


def test_the_old_vectors_serve_until_every_document_has_a_new_one(
    tales: Tales, settings: Any, server: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed_all()
    monkeypatch.setattr(embedding, "BATCH", 1)
    settings.EMBEDDINGS = "server"

    assert embedding.advance(seconds=0)
    state = embedding.status()
    assert state["wanted"] == "theirs"
    assert state["serving"]["model"] == "wordllama-l2-256"
    assert state["building"] | {"walked": []} == {
        "model": "theirs",
        "size": 3,
        "documents": 3,
        "done": 1,
        "waiting": 2,
        "walked": [],
    }
    assert asked().model == "wordllama-l2-256"
    assert found_by(tales, Everything(), "monetary policy")[0] == 2

    del tales.rows[key(2)]
    tales.change(1, readers=("alice",))
    follow(tales.declaration, tales.documents(1, 2))
    embed_all()

    assert embedding.status()["building"] is None
    assert embedding.status()["serving"]["model"] == asked().model == "theirs"
    assert found_by(tales, visible("alice"))[0] == 3
    assert found_by(tales, visible("bob")) == [3]
    assert set(Meaning.objects.values_list("model", "size")) == {("theirs", 3)}


def test_who_changes_their_mind_keeps_the_vectors_that_serve(tales: Tales, settings: Any, server: Outside) -> None:
    embed_all()
    settings.EMBEDDINGS = "server"
    embedding.start()
    settings.EMBEDDINGS = "wordllama"
    embed_all()

    assert embedding.status()["building"] is None
    assert set(Meaning.objects.values_list("model", flat=True)) == {"wordllama-l2-256"}
    assert found_by(tales, Everything(), "monetary policy")[0] == 2


def test_one_text_that_the_server_refuses_does_not_hold_up_the_others(
    tales: Tales, settings: Any, server: Outside
) -> None:
    settings.EMBEDDINGS = "server"
    whole, one = Reply(status=400), Reply(status=400)
    server.replies += [vectors_for(b'{"input": ["size"]}'), whole, vectors_for(b'{"input": ["plain"]}'), one]
    embed_all()

    assert embedding.status()["serving"]["waiting"] == 0
    assert sorted(found_by(tales, Everything())) == [2, 3]


def test_a_server_that_refuses_everything_or_is_away_fails_the_job_and_loses_nothing(
    tales: Tales, settings: Any, server: Outside
) -> None:
    embed_all()
    settings.EMBEDDINGS = "server"
    server.usual = Reply(status=503)
    server._take = lambda request: server.usual  # type: ignore[method-assign]
    with pytest.raises(ServerUnavailable):
        embedding.advance()

    assert found_by(tales, Everything(), "monetary policy")[0] == 2


def test_a_question_for_vectors_of_a_model_that_is_gone_is_not_understood(tales: Tales) -> None:
    embed_all()
    VectorModel.objects.update(name="of before")

    assert understand(QUESTION) is None


def test_without_vectors_nothing_is_understood(tales: Tales) -> None:
    assert understand(QUESTION) is None


# The job


def test_the_job_is_queued_once_and_only_while_something_is_to_be_done(tales: Tales, jobs: Jobs, settings: Any) -> None:
    assert embedding.start() is not None
    assert jobs.names() == ["search.embed"]
    jobs.run()
    assert embedding.start() is None
    assert VectorModel.objects.get().is_serving
    assert embeddings.chosen().name == VectorModel.objects.get().name

    tales.change(1, text="Other.")
    follow(tales.declaration, tales.documents(1))
    assert embedding.start() is not None
    jobs.run()
    assert embedding.status()["serving"]["waiting"] == 0


def test_saying_what_changed_waits_for_no_server(tales: Tales, jobs: Jobs, settings: Any) -> None:
    settings.EMBEDDINGS, settings.OUTBOUND_ALLOWED_HOSTS = "server", ["127.0.0.1:9"]
    settings.EMBEDDINGS_URL, settings.EMBEDDINGS_MODEL = "http://127.0.0.1:9", "away"

    assert not follow(tales.declaration, tales.documents(1))
    assert embedding.start() is not None
    with pytest.raises(Unavailable):
        jobs.run()
    assert not follow(tales.declaration, tales.documents(1))
    assert embedding.status()["building"]["documents"] == 0


def test_nothing_is_kept_where_no_kind_has_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyceum.search.registry.all_declared", list)
    assert embedding.start() is None
    assert not embedding.advance()
    assert not VectorModel.objects.exists()
