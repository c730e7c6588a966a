"""Books like one, each with why it may suit."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.library.models import Book, Review
from lyceum.library.recommendations import shelf

MOST, LIKED, READERS_AT_LEAST = 6, 4, 2


@dataclass(frozen=True)
class Kin:
    book: Book
    why: str


def of(person: Any, book: Book) -> list[Kin]:
    found = shelf.similar(person, book.pk, limit=MOST)
    readers = _liked_both(book, [one.pk for one in found])
    return [Kin(one, _why(book, one, readers.get(one.pk, 0))) for one in found]


def _why(book: Book, other: Book, readers: int) -> str:
    """Say the strongest reason in words: its author, its readers, or its shelves."""
    authors = {link.author_id for link in book.authorships.all()}
    for link in other.authorships.all():
        if link.author_id in authors:
            return _("Also by %s") % link.author.full_name
    if readers >= READERS_AT_LEAST:
        return ngettext("%d reader liked both", "%d readers liked both", readers) % readers
    shelves = {one.pk for one in book.categories.all()}
    shared = [one.name for one in other.categories.all() if one.pk in shelves]
    return _("On the same shelf: %s") % ", ".join(shared) if shared else _("Tells of similar things")


def _liked_both(book: Book, others: Collection[UUID]) -> dict[UUID, int]:
    """Return how many readers liked the book and each of the others."""
    liked = Review.objects.filter(book=book, rating__gte=LIKED)
    same = Q(user__in=liked.exclude(user=None).values("user"))
    for source in liked.filter(user=None).values_list("source", flat=True).distinct():
        same |= Q(source=source, reader__in=liked.filter(user=None, source=source).values("reader"))
    rows = Review.objects.filter(same, book__in=others, rating__gte=LIKED)
    return dict(rows.values_list("book").annotate(Count("pk")))
