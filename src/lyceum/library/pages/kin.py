"""Books like one, each with why: those that its readers liked too, its authors' others, and those of its shelves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.library import selectors
from lyceum.library.models import Book, Review

MOST, LIKED, READERS_AT_LEAST = 6, 4, 2


@dataclass(frozen=True)
class Kin:
    book: Book
    why: str


def of(person: Any, book: Book) -> list[Kin]:
    reasons: dict[UUID, str] = {}
    for found in (_by_readers(book), _by_author(book), _by_shelf(book)):
        for book_id, why in found.items():
            reasons.setdefault(book_id, why)
    rows = selectors.books_in_order(person, list(reasons)[: 2 * MOST])
    return [Kin(row, reasons[row.pk]) for row in rows[:MOST]]


def _by_readers(book: Book) -> dict[UUID, str]:
    liked = Review.objects.filter(book=book, rating__gte=LIKED)
    others = Review.objects.filter(rating__gte=LIKED).exclude(book=book)
    people = others.filter(user__in=liked.exclude(user=None).values("user"))
    brought = others.filter(user=None, reader__in=liked.filter(user=None).values("reader"))
    counts: dict[UUID, int] = {}
    for rows in (people, brought):
        for book_id, count in rows.values_list("book").annotate(count=Count("pk")):
            counts[book_id] = counts.get(book_id, 0) + count
    best = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[: MOST - 2]
    words = ngettext("%d reader liked both", "%d readers liked both", 2)
    return {book_id: words % count for book_id, count in best if count >= READERS_AT_LEAST}


def _by_author(book: Book) -> dict[UUID, str]:
    found = {}
    for link in book.authorships.all():
        rows = Book.objects.filter(authorships__author=link.author).exclude(pk=book.pk).order_by("-popularity")[:2]
        found.update({row.pk: _("Also by %s") % link.author.full_name for row in rows})
    return found


def _by_shelf(book: Book) -> dict[UUID, str]:
    shelves = list(book.categories.all())
    rows = Book.objects.filter(categories__in=shelves, language=book.language).exclude(pk=book.pk)
    rows = rows.annotate(shared=Count("categories")).order_by(F("shared").desc(), F("popularity").desc(), "pk")
    names = {shelf.pk: shelf.name for shelf in shelves}
    found = {}
    for row in rows.prefetch_related("categories")[: 2 * MOST]:
        shared = [names[one.pk] for one in row.categories.all() if one.pk in names]
        found[row.pk] = _("On the same shelf: %s") % ", ".join(shared)
    return found
