"""The library's part of a person's data."""

from collections.abc import Iterator
from typing import Any

from lyceum.core.archives import Archive
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.library import index
from lyceum.library.models import Review


def export(subject: Subject, archive: Archive) -> None:
    archive.write_list(
        "reviews",
        _reviews(subject),
        title="Your reviews",
        about="How you rated books, and what you wrote about them.",
    )


def _reviews(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = Review.objects.filter(user=subject.id).select_related("book").order_by("created_at", "pk")
    for row in rows.iterator(500):
        yield {
            "id": row.pk,
            "book": row.book_id,
            "title": row.book.title,
            "rating": row.rating,
            "text": row.text,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }


def erase(subject: Subject) -> None:
    """Take the person's reviews away; the averages of the books follow."""
    own = Review.objects.filter(user=subject.id)
    book_ids = list(own.values_list("book_id", flat=True))
    own.delete()
    index.touch(book_ids)


declare(Holder("library", ["library.Review"], export, erase))
