"""The page of a book: what it is, what readers say of it, and one's own review."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from rest_framework import serializers

from lyceum.core import pages
from lyceum.core.forms import Field, Form
from lyceum.library import reviews, selectors
from lyceum.library.api.serializers import LONGEST_TEXT
from lyceum.library.models import Book, Category, Review
from lyceum.library.pages import kin

ON_A_PAGE = 6
RATING_WORDS = {
    5: gettext_lazy("Among the best I know"),
    4: gettext_lazy("Good"),
    3: gettext_lazy("All right"),
    2: gettext_lazy("Not for me"),
    1: gettext_lazy("I would not read it again"),
}
CHOOSE = gettext_lazy("Choose one to five stars")
FIELDS = [
    Field("rating", gettext_lazy("Your rating"), missing=CHOOSE),
    Field("text", gettext_lazy("Your review"), "prose"),
]


class ReviewForm(serializers.Serializer[Any]):
    rating = serializers.ChoiceField(choices=sorted(RATING_WORDS), error_messages={"invalid_choice": CHOOSE})
    text = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)


@dataclass(frozen=True)
class Meter:
    rating: int
    count: int


@pages.public_read
@require_GET
def show(request: HttpRequest, book_id: UUID) -> HttpResponse:
    return _show(request, selectors.get_book_for(request.user, book_id))


def _show(request: HttpRequest, book: Book, form: Form | None = None) -> HttpResponse:
    own = Review.objects.filter(book=book, user=request.user.pk).first() if request.user.is_authenticated else None
    form = form or _form(own)
    said = _said(book)
    context = {
        "book": book,
        "crumbs": _crumbs(book),
        "own": own,
        "form": form,
        "ratings": sorted(RATING_WORDS.items()),
        "meters": _meters(book),
        "reviews": said[:ON_A_PAGE],
        "has_more": said.count() > ON_A_PAGE,
        "kin": kin.of(request.user, book),
    }
    return pages.show(request, "library/book.html", "library/_book_page.html", context, status=form.status)


def _form(own: Review | None) -> Form:
    values = {"rating": str(own.rating), "text": own.text} if own else {}
    return Form("review", FIELDS, _("Save the review") if own else _("Publish the review"), values=values)


def _crumbs(book: Book) -> list[Category]:
    """Return the way from the top to the book's first category."""
    first = next(iter(book.categories.all()), None)
    return list(reversed(selectors.ancestry()[first.pk])) if first else []


def _said(book: Book) -> QuerySet[Review]:
    """Return the reviews that have words, the newest first."""
    rows = Review.objects.filter(book=book).exclude(text="").select_related("user")
    return rows.order_by("-created_at", "-pk")


def _meters(book: Book) -> list[Meter]:
    found = dict(Review.objects.filter(book=book).values_list("rating").annotate(Count("pk")))
    return [Meter(rating, found.get(rating, 0)) for rating in (5, 4, 3, 2, 1)]


@pages.public_read
@require_GET
def more_reviews(request: HttpRequest, book_id: UUID) -> HttpResponse:
    """Show all that was said of a book: a page of its own, or for htmx the rest of the list."""
    book = selectors.get_book_for(request.user, book_id)
    said = _said(book)
    context = {"book": book, "reviews": said[ON_A_PAGE:] if pages.is_partial(request) else said}
    return pages.show(request, "library/reviews.html", "library/_reviews.html", context)


@pages.signed_in
@require_http_methods(["POST"])
def review(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    form = _form(None)
    with form.refusals():
        body = form.read(ReviewForm, request)
        _row, is_new = reviews.write_review(request.user, book.pk, **body)
        return _done(request, book, _("Your review is published.") if is_new else _("Your review is changed."))
    return _show(request, book, form)


@pages.signed_in
@require_POST
def delete_review(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    # Staff name the one; a reader has one alone.
    named = request.POST.get("review", "")
    rows = Review.objects.filter(book=book)
    found = rows.filter(pk=named).first() if named else rows.filter(user=request.user.pk).first()
    if found is not None:
        reviews.delete_review(request.user, found.pk, book_id=book.pk)
    return _done(request, book, _("The review is deleted."))


def _done(request: HttpRequest, book: Book, told: str) -> HttpResponse:
    if not pages.is_partial(request):
        return pages.go(request, reverse("library:book", args=[book.pk]), told=told)
    return pages.tell(_show(request, selectors.get_book_for(request.user, book.pk)), told)
