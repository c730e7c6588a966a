"""Reviews: written, changed and taken back by readers."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lyceum.core import audit
from lyceum.core.conditions import unbound
from lyceum.core.errors import NotFound
from lyceum.core.events import publish
from lyceum.library import index, selectors
from lyceum.library.contracts import ReviewRemoved, ReviewWritten
from lyceum.library.errors import NotReviewable
from lyceum.library.models import Book, Review

Check = Callable[[Review], None]


@transaction.atomic
def write_review(person: Any, book_id: UUID, *, rating: int, text: str = "") -> tuple[Review, bool]:
    """Say what one thinks of a book; said again, it takes the place of what was said. Returns whether it is new."""
    # Its row keeps two requests of one reader apart: the second finds what the first wrote.
    book = selectors.visible_books(person).select_for_update(no_key=True).filter(pk=book_id).first()
    if book is None:
        raise NotFound("There is no such book.")
    if book.status == Book.Status.FORTHCOMING:
        raise NotReviewable
    row = Review.objects.filter(book=book, user=person).first()
    is_new = row is None
    if row is None:
        row = Review.objects.create(book=book, user=person, rating=rating, text=text)
    else:
        _change(row, rating=rating, text=text)
    _tell(row, is_new=is_new)
    return row, is_new


@transaction.atomic
def edit_review(person: Any, review_id: UUID, *, book_id: UUID, check: Check = unbound, **changes: Any) -> Review:
    """Change one's own review; it goes on counting once. Raises NotFound for another's."""
    row = _lock(review_id, book=book_id, user=person)
    check(row)
    _change(row, **changes)
    _tell(row, is_new=False)
    return row


@transaction.atomic
def delete_review(person: Any, review_id: UUID, *, book_id: UUID, check: Check = unbound) -> None:
    """Take one's own review back, or as staff anybody's; raises NotFound."""
    row = _lock(review_id, book=book_id, **({} if person.is_staff else {"user": person}))
    check(row)
    row.delete()
    if row.user_id is not None:
        publish(ReviewRemoved(review_id=str(review_id), book_id=str(row.book_id), user_id=str(row.user_id)))
    if row.user_id != person.pk:
        audit.record(person, "review.deleted", review_id, book=str(row.book_id))
    index.touch([row.book_id])


def _lock(review_id: UUID, **where: Any) -> Review:
    found = Review.objects.select_for_update(of=("self",)).select_related("user").filter(pk=review_id, **where).first()
    if found is None:
        raise NotFound("There is no such review.")
    return found


def _change(row: Review, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = timezone.now()
    row.save()


def _tell(row: Review, *, is_new: bool) -> None:
    publish(
        ReviewWritten(
            review_id=str(row.pk),
            book_id=str(row.book_id),
            user_id=str(row.user_id),
            rating=row.rating,
            is_new=is_new,
        )
    )
    index.touch([row.book_id])
