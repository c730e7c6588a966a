"""Where books without a category may belong: staff put them there, or say that they do not."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lyceum.core import pages
from lyceum.library import selectors, suggestions
from lyceum.library.models import Book, CategorySuggestion

ON_A_PAGE = 20


@pages.staff_only
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest) -> HttpResponse:
    waiting = Book.objects.filter(categories=None)
    context = {"books": _by_book(request.user), "waiting": waiting.count(), "more": waiting.count() > ON_A_PAGE}
    return pages.show(request, "library/suggestions.html", "library/_suggestions.html", context)


def _by_book(person: Any) -> list[tuple[Book, list[CategorySuggestion]]]:
    """Return the newest books without a category, each with what is suggested for it, the surest first."""
    ids = list(Book.objects.filter(categories=None).order_by("-pk").values_list("pk", flat=True)[:ON_A_PAGE])
    rows = suggestions.open_suggestions().filter(book__in=ids).order_by("book_id", "-score", "pk")
    open_ones = {book_id: list(found) for book_id, found in groupby(rows, key=lambda one: one.book_id)}
    return [(book, open_ones.get(book.pk, [])) for book in selectors.books_in_order(person, ids)]


@pages.staff_only
@require_POST
def accept(request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
    book = suggestions.accept(suggestion_id, actor=request.user)
    return _done(request, _("%s has its category.") % book.title)


@pages.staff_only
@require_POST
def refuse(request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
    suggestions.refuse(suggestion_id, actor=request.user)
    return _done(request, _("It is not suggested again."))


def _done(request: HttpRequest, told: str) -> HttpResponse:
    if not pages.is_partial(request):
        return pages.go(request, reverse("library:suggestions"), told=told)
    return pages.tell(_show(request), told)
