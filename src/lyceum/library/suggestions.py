"""Categories for books that have none: suggested from their text with a score, taken or refused by staff."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from lyceum.core import audit, jobs
from lyceum.core.errors import NotFound
from lyceum.library import books, likely
from lyceum.library.models import Book, Category, CategorySuggestion

log = structlog.get_logger("lyceum.library")
# The newest books of a catalogue show well enough what stands where.
MOST_EXAMPLES = 20_000
AT_ONCE = 1000


def queue() -> int:
    """Have suggestions made soon, in the caller's transaction; returns the number of the job."""
    return jobs.enqueue("library.suggest_categories")


def suggest() -> int:
    """Suggest categories for all books without any that have no suggestion yet; returns how many were made."""
    waiting = Book.objects.filter(categories=None, suggestions=None).order_by("pk")
    made = 0
    shelves: likely.Shelves | None = None
    last: UUID | None = None
    while chunk := list((waiting if last is None else waiting.filter(pk__gt=last))[:AT_ONCE]):
        if shelves is None and (shelves := _learn()) is None:
            return 0
        made += _suggest(shelves, chunk)
        last = chunk[-1].pk
    log.info("categories_suggested", count=made)
    return made


def _learn() -> likely.Shelves | None:
    """Learn from the books that stand somewhere; None where there are no categories."""
    categories = {str(one.pk): one.name for one in Category.objects.all()}
    if not categories:
        return None
    names = dict(zip(categories, likely.model().embed_passages(list(categories.values())), strict=True))
    found = _examples()
    vectors = likely.model().embed_passages([_text(one) for one in found])
    own = [{str(category.pk) for category in one.categories.all()} for one in found]
    return likely.learn(names, list(zip(vectors, own, strict=True)))


def _examples() -> list[Book]:
    newest = Book.objects.filter(categories__isnull=False).order_by("-pk").distinct()[:MOST_EXAMPLES]
    return list(newest.prefetch_related("categories").only("title", "subtitle", "description"))


def examples() -> list[likely.Example]:
    """Return the books of this workspace that stand somewhere, to measure how well suggestions would do."""
    return [likely.Example(_text(one), {category.name for category in one.categories.all()}) for one in _examples()]


def _text(book: Book) -> str:
    return likely.text_of(book.title, book.subtitle, book.description)


def _suggest(shelves: likely.Shelves, chunk: Sequence[Book]) -> int:
    vectors = likely.model().embed_passages([_text(one) for one in chunk])
    rows = [
        CategorySuggestion(book=book, category_id=UUID(name), score=round(score, 3))
        for book, vector in zip(chunk, vectors, strict=True)
        if vector.any()
        for name, score in likely.best(shelves.scores(vector))
    ]
    CategorySuggestion.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def open_suggestions() -> QuerySet[CategorySuggestion]:
    """Return what staff have yet to decide, the surest first."""
    rows = CategorySuggestion.objects.filter(is_refused=False, book__categories=None)
    return rows.select_related("book", "category").order_by("-score", "pk")


@transaction.atomic
def accept(suggestion_id: UUID, *, actor: Any) -> Book:
    """Put the book where it was suggested; what else was suggested for it is decided by that."""
    row = _lock(suggestion_id)
    own = set(row.book.categories.values_list("pk", flat=True))
    book = books.change_book(row.book_id, actor=actor, categories=[*own, row.category_id])
    CategorySuggestion.objects.filter(book=row.book_id).delete()
    return book


@transaction.atomic
def refuse(suggestion_id: UUID, *, actor: Any) -> None:
    """Remember that the book does not belong there, so that it is not suggested again."""
    row = _lock(suggestion_id)
    row.is_refused = True
    row.save(update_fields=["is_refused"])
    audit.record(actor, "category.suggestion_refused", row.book_id, category=str(row.category_id))


def _lock(suggestion_id: UUID) -> CategorySuggestion:
    rows = CategorySuggestion.objects.select_for_update(of=("self",)).select_related("book")
    found = rows.filter(pk=suggestion_id, is_refused=False).first()
    if found is None:
        raise NotFound("There is no such suggestion.")
    return found
