"""Gives stale rows their vectors, in the background: after changes, and for a model that is to take another's place.

The model that serves goes on serving until every document has a vector of the new one; then they change places in one
statement, and the old vectors go.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now
from pgvector import HalfVector

from lyceum.core import jobs
from lyceum.search import embeddings, registry
from lyceum.search.contracts import Declaration, Document
from lyceum.search.embeddings.protocol import Embedder
from lyceum.search.embeddings.server import ServerRefused
from lyceum.search.models import Meaning, VectorModel
from lyceum.search.vectors import indexes
from lyceum.search.vectors.following import shape, stale, walk
from lyceum.search.vectors.texts import hash_of, text_of

log = structlog.get_logger("lyceum.search")
JOB = "search.embed"
BATCH = 64
# A job ends after so long and queues the next, so that a worker that is told to stop does so soon.
SLICE_SECONDS = 20.0
LOCK = 0x656D6264


def start() -> int | None:
    """Queue the job that brings the vectors up to date, unless there is one; None when nothing is to be done."""
    if not _declared():
        return None
    # Without a word to the model, which may be a server that is slow: whoever says what changed does not wait for it.
    wanted = VectorModel.objects.get_or_create(name=embeddings.chosen().name)[0]
    running = jobs.look_up(wanted.job) if wanted.job else None
    if running is not None and running.state in ("waiting", "running"):
        return running.number
    return go_on() if _is_behind(wanted) else None


def go_on() -> int:
    """Queue the next job, whichever there are."""
    number = jobs.enqueue(JOB)
    VectorModel.objects.update(job=number)
    return number


def start_anew() -> int | None:
    """Have all documents looked at again, also where nothing seems to be missing."""
    VectorModel.objects.update(walked={})
    return start()


def advance(*, seconds: float = SLICE_SECONDS) -> bool:
    """Work for so long; returns whether something is left. Of several who work at once all but one return at once."""
    with _alone() as is_alone:
        if not is_alone:
            return False
        deadline = time.monotonic() + seconds
        wanted = _wanted()
        if wanted is None:
            return False
        _drop_all_but(wanted)
        is_done = all([_bring_up(model, deadline) for model in VectorModel.objects.order_by("-is_serving")])
        if is_done and not wanted.is_serving:
            _switch_to(wanted)
        return not is_done


def status() -> dict[str, Any]:
    """Say which model serves, which is being prepared and how far it is, and where the job stands."""
    models = {model.is_serving: model for model in VectorModel.objects.order_by("asked_at")}
    serving, building = models.get(True), models.get(False)
    worked = building or serving
    view = jobs.look_up(worked.job) if worked and worked.job else None
    return {
        "wanted": embeddings.chosen().name,
        "serving": _progress(serving),
        "building": _progress(building),
        "job": None if view is None else {"number": view.number, "state": view.state, "error": view.error},
    }


def _progress(model: VectorModel | None) -> dict[str, Any] | None:
    if model is None:
        return None
    total = Meaning.objects.filter(model=model.name).count()
    waiting = stale(model).count()
    return {
        "model": model.name,
        "size": model.size,
        "documents": total,
        "done": total - waiting,
        "waiting": waiting,
        "walked": sorted(model.walked),
    }


def _declared() -> list[Declaration]:
    return [one for one in registry.all_declared() if one.meaning]


def _wanted() -> VectorModel | None:
    """Return the row of the model that the settings ask for; None where no kind has a meaning."""
    if not _declared():
        return None
    embedder = embeddings.chosen()
    found, _ = VectorModel.objects.get_or_create(name=embedder.name)
    if found.size not in (0, embedder.size):
        # A server has put another model under the name, and new vectors do not meet the old ones.
        _forget(found)
        found = VectorModel(name=embedder.name, job=found.job)
    if found.size != embedder.size:
        found.size = embedder.size
        found.save()
    return found


def _is_behind(wanted: VectorModel) -> bool:
    if not wanted.is_serving or VectorModel.objects.exclude(pk=wanted.pk).exists():
        return True
    return bool(_to_walk(wanted)) or stale(wanted).exists()


def _to_walk(model: VectorModel) -> list[Declaration]:
    return [one for one in _declared() if model.walked.get(one.kind) != shape(one)]


def _bring_up(model: VectorModel, deadline: float) -> bool:
    """Walk through what is new and embed what is stale; returns whether nothing is left before the deadline."""
    embedder = embeddings.by_name(model.name)
    if embedder is None:
        # Its vectors serve on as they are; the model that takes its place is on the way.
        return True
    indexes.make(model.name, model.size)
    for declaration in _to_walk(model):
        walk(declaration, model)
        model.walked[declaration.kind] = shape(declaration)
        model.save(update_fields=["walked"])
    while rows := list(stale(model).order_by("id")[:BATCH]):
        for kind in {row.kind for row in rows}:
            _embed(kind, [row for row in rows if row.kind == kind], embedder)
        if time.monotonic() >= deadline:
            return not stale(model).exists()
    return True


def _embed(kind: str, rows: Sequence[Meaning], embedder: Embedder) -> None:
    declaration = next((one for one in _declared() if one.kind == kind), None)
    documents = _load(declaration, [row.document_id for row in rows]) if declaration is not None else {}
    there = [row for row in rows if row.document_id in documents]
    if gone := [row.pk for row in rows if row.document_id not in documents]:
        Meaning.objects.filter(pk__in=gone).delete()
    if declaration is None:
        return
    texts = [text_of(declaration, documents[row.document_id]) for row in there]
    vectors = _vectors(embedder, texts)
    changes = []
    for row, text, vector in zip(there, texts, vectors, strict=True):
        digest = hash_of(text)
        changes.append((vector, digest, row.wanted_hash, digest, row.pk))
    with connection.cursor() as cursor:
        cursor.executemany(
            # The text may be newer than the row that was read, or the row newer than the text: then it stays stale.
            "update search_meaning set vector = %s::halfvec, text_hash = %s,"
            " wanted_hash = case when wanted_hash = %s then %s else wanted_hash end where id = %s",
            changes,
        )


def _load(declaration: Declaration, ids: Sequence[UUID]) -> dict[UUID, Document]:
    return {document.id: document for document in declaration.load(ids)}


def _vectors(embedder: Embedder, texts: Sequence[str]) -> list[str | None]:
    """Embed what is not empty; None for a text that has no vector, or that the model refuses."""
    found: list[str | None] = [None] * len(texts)
    wanted = [place for place, text in enumerate(texts) if text]
    try:
        vectors = list(embedder.embed_passages([texts[place] for place in wanted])) if wanted else []
    except ServerRefused:
        # One bad text must not hold up the others; where even a plain one is refused, it is the server.
        embedder.embed_passages(["plain"])
        vectors = [_one(embedder, texts[place]) for place in wanted]
    for place, vector in zip(wanted, vectors, strict=True):
        found[place] = HalfVector(vector).to_text() if vector is not None and vector.any() else None
    return found


def _one(embedder: Embedder, text: str) -> Any:
    try:
        return embedder.embed_passages([text])[0]
    except ServerRefused:
        log.warning("text_not_embedded", model=embedder.name, characters=len(text))
        return None


def _switch_to(model: VectorModel) -> None:
    with transaction.atomic():
        old = list(VectorModel.objects.select_for_update().filter(is_serving=True))
        VectorModel.objects.filter(is_serving=True).update(is_serving=False)
        VectorModel.objects.filter(pk=model.pk).update(is_serving=True, switched_at=Now())
    log.info("vectors_switched", model=model.name, before=[one.name for one in old])
    for one in old:
        _forget(one)


def _drop_all_but(wanted: VectorModel) -> None:
    """Let go of a model that was to take the place of another, and is no longer asked for."""
    for model in VectorModel.objects.filter(is_serving=False).exclude(pk=wanted.pk):
        _forget(model)


def _forget(model: VectorModel) -> None:
    indexes.drop(model.name)
    Meaning.objects.filter(model=model.name).delete()
    model.delete()


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [LOCK])
