"""Keeps, for each model in use, a row for every document; what a row lacks, the job of `embedding` makes good."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from lyceum.search.contracts import Declaration, Document
from lyceum.search.models import Meaning, VectorModel
from lyceum.search.vectors.texts import hash_of, text_of, values_of

CHUNK = 500
# Of the transaction that brings documents and rows together; any number that nobody else locks.
LOCK = 0x6D65616E


def follow(declaration: Declaration, documents: Mapping[UUID, Document | None]) -> bool:
    """Bring the rows of these documents to what they are now, None being gone; in the caller's transaction.

    From its commit on nobody finds what is gone or hidden, whatever its vector. Returns whether texts are new.
    """
    if not declaration.meaning or not documents:
        return False
    _lock()
    gone = [one for one, document in documents.items() if document is None]
    if gone:
        Meaning.objects.filter(kind=declaration.kind, document_id__in=gone).delete()
    there = [document for document in documents.values() if document is not None]
    return any([_keep(declaration, there, model) for model in VectorModel.objects.filter(size__gt=0)])


def walk(declaration: Declaration, model: VectorModel) -> None:
    """Give a model a row for every document of a kind, and take away those of documents that are no more."""
    last: UUID | None = None
    for ids in _chunks(declaration.ids(None)):
        with transaction.atomic():
            _lock()
            _keep(declaration, list(declaration.load(ids)), model)
            _drop_others(declaration, model, after=last, to=ids[-1], keep=ids)
        last = ids[-1]
    with transaction.atomic():
        _lock()
        _drop_others(declaration, model, after=last, to=None, keep=())


def shape(declaration: Declaration) -> str:
    """Name what the rows of a kind are made of: with another text all documents are walked through again."""
    return f"{declaration.schema} {' '.join(declaration.meaning)}"


def _lock() -> None:
    # Who reads documents in order to write rows does both under it: a row that was deleted does not come back.
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])


def _keep(declaration: Declaration, documents: Sequence[Document], model: VectorModel) -> bool:
    rows = [
        Meaning(
            kind=declaration.kind,
            document_id=document.id,
            model=model.name,
            size=model.size,
            wanted_hash=hash_of(text_of(declaration, document)),
            values=values_of(declaration, document),
        )
        for document in documents
    ]
    if not rows:
        return False
    Meaning.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["kind", "document_id", "model"],
        update_fields=["wanted_hash", "values"],
    )
    return stale(model).filter(kind=declaration.kind, document_id__in=[row.document_id for row in rows]).exists()


def stale(model: VectorModel) -> QuerySet[Meaning]:
    """Return the rows whose text the model has yet to see."""
    return Meaning.objects.filter(~Q(text_hash=F("wanted_hash")), model=model.name)


def _drop_others(
    declaration: Declaration, model: VectorModel, *, after: UUID | None, to: UUID | None, keep: Sequence[UUID]
) -> None:
    rows = Meaning.objects.filter(kind=declaration.kind, model=model.name)
    rows = rows if after is None else rows.filter(document_id__gt=after)
    rows = rows if to is None else rows.filter(document_id__lte=to)
    others = list(rows.exclude(document_id__in=keep).values_list("document_id", flat=True))
    # One that was made since the ids were listed is among them, and stays.
    there = {document.id for document in declaration.load(others)} if others else set()
    Meaning.objects.filter(
        kind=declaration.kind, model=model.name, document_id__in=[one for one in others if one not in there]
    ).delete()


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
