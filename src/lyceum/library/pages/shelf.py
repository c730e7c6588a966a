"""The shelf of books that are recommended to a reader, and for staff what came of recommending."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lyceum.core import pages
from lyceum.library import selectors
from lyceum.library.models import Book
from lyceum.library.recommendations import figures, showings, versions
from lyceum.library.recommendations import shelf as recommendations
from lyceum.library.recommendations.errors import NoBooks

ON_A_SHELF, TAKEN_OFF = 24, 12
PERIODS = (7, 30, 90, 180)


@pages.signed_in
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, **more: Any) -> HttpResponse:
    """Show the shelf; what is on it counts as shown."""
    try:
        found = recommendations.recommended(request.user, limit=ON_A_SHELF)
    except NoBooks:
        found = []
    showings.show(request.user, found)
    off = selectors.books_in_order(request.user, showings.dismissed(request.user)[:TAKEN_OFF])
    has_taste = any(one.is_own for one in found)
    context = {"found": found, "off": off, "has_taste": has_taste, **more}
    return pages.show(request, "library/shelf.html", "library/_shelf.html", context)


@pages.signed_in
@require_GET
def open_book(request: HttpRequest, book_id: UUID) -> HttpResponse:
    """Record that a recommended book was opened, and go to its page."""
    showings.click(request.user, book_id)
    return redirect("library:book", book_id)


@pages.signed_in
@require_POST
def dismiss(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    showings.dismiss(request.user, book_id)
    return _done(request, _("“%s” is off your shelf.") % book.title, undo=book)


@pages.signed_in
@require_POST
def restore(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    showings.take_back(request.user, book_id)
    return _done(request, _("“%s” may be recommended again.") % book.title)


def _done(request: HttpRequest, told: str, *, undo: Book | None = None) -> HttpResponse:
    if not pages.is_partial(request):
        return pages.go(request, reverse("library:shelf"), told=told)
    return _show(request, told=told, undo=undo)


@pages.staff_only
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """Show staff how often recommendations were opened and ordered."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else 30
    context = {
        "days": days,
        "periods": PERIODS,
        "variants": figures.by_variant(days),
        "model": versions.current(),
    }
    return pages.show(request, "library/recommendations.html", "library/_recommendations.html", context)
