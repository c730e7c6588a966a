"""Finding books: the search page with its filters, and the pages of authors and categories."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from lyceum.core import pages
from lyceum.library import filters, selectors
from lyceum.library.models import Book, Category
from lyceum.library.pages import answers, facets, questions
from lyceum.library.pages.facets import ON_A_PAGE
from lyceum.library.pages.questions import SORTS, Question
from lyceum.library.templatetags.catalogue import language

AROUND, MOST_ON_SHELF = 2, 6


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    address: str


@pages.public_read
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    asked = questions.read(request.GET)
    found = answers.answer(request.user, asked)
    if asked.page > found.pages:
        return redirect(reverse("library:search") + asked.address(page=found.pages))
    context = {
        "asked": asked,
        "found": found,
        "chips": _chips(asked),
        "sorts": _sorts(asked),
        "meant": asked.address(q=found.did_you_mean) if found.did_you_mean else "",
        "pager": pager(asked.page, found.pages),
        "first": (asked.page - 1) * ON_A_PAGE + 1,
        "last": (asked.page - 1) * ON_A_PAGE + len(found.books),
    }
    response = pages.show(request, "library/search.html", "library/_found.html", context)
    if pages.is_partial(request):
        _keep_address(request, response, asked)
    return response


def _keep_address(request: HttpRequest, response: HttpResponse, asked: Question) -> None:
    """Let the address say what is shown: typing replaces it, another filter is a step that one can go back from."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    before = questions.read(QueryDict(urlsplit(htmx.current_url or "").query))
    act = "HX-Replace-Url" if before.q != asked.q else "HX-Push-Url"
    response.headers[act] = reverse("library:search") + asked.address(page=asked.page)


def _sorts(asked: Question) -> list[tuple[str, object, bool]]:
    """Return the orders to choose from; the usual one is asked for by saying nothing."""
    words = [word for word in SORTS if word != "relevance" or asked.q]
    return [("" if word == asked.usual_order else word, SORTS[word], word == asked.order) for word in words]


def _chips(asked: Question) -> list[Chip]:
    names = answers.names_of(asked)
    found = [
        Chip(label, asked.address(**{name: tuple(one for one in values if one != value)}))
        for name, values in (("category", asked.category), ("author", asked.author), ("language", asked.language))
        for value in values
        for label in [language(value) if name == "language" else names.get(value, value)]
    ]
    if asked.price:
        found.append(Chip(_("Price %s") % facets.band_words()[asked.price].lower(), asked.address(price="")))
    if asked.rating_min:
        found.append(Chip(_("Rated %s and up") % asked.rating_min, asked.address(rating_min="")))
    if asked.year_min is not None or asked.year_max is not None:
        found.append(Chip(_years(asked), asked.address(year_min=None, year_max=None)))
    return found


def _years(asked: Question) -> str:
    if asked.year_max is None:
        return _("From %d") % asked.year_min
    if asked.year_min is None:
        return _("Until %d") % asked.year_max
    return f"{asked.year_min}–{asked.year_max}"


def pager(page: int, pages_there: int) -> list[int | None]:
    """Return the numbers of the pages to offer; None stands for those left out."""
    near = {1, pages_there, *range(page - AROUND, page + AROUND + 1)}
    shown = sorted(number for number in near if 1 <= number <= pages_there)
    found: list[int | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        if number - before == 2:
            found.append(number - 1)
        elif number - before > 2:
            found.append(None)
        found.append(number)
    return found


@pages.public_read
@require_GET
def author(request: HttpRequest, author_id: UUID) -> HttpResponse:
    found = selectors.get_author(author_id)
    rows = selectors.visible_books(request.user).filter(authorships__author=found)
    context = {"author": found, "books": filters.ordered(selectors.whole(rows), "-year")[:100], "count": rows.count()}
    return pages.show(request, "library/author.html", "library/author.html", context)


@pages.public_read
@require_GET
def category(request: HttpRequest, category_id: UUID) -> HttpResponse:
    found = selectors.get_category(category_id)
    context = {
        "category": found,
        "crumbs": list(reversed(selectors.ancestry()[found.pk][1:])),
        "shelves": _shelves(request.user, found),
    }
    return pages.show(request, "library/category.html", "library/category.html", context)


def _shelves(person: Any, category: Category) -> list[tuple[Category, int, list[Book]]]:
    """Return the category's own shelf and those right below it, each with its number of books and the most read."""
    below = list(Category.objects.filter(parent=category).order_by("name_key"))
    found = []
    for one in below or [category]:
        ids = selectors.subtree([one.pk])
        rows = selectors.visible_books(person).filter(pk__in=Book.objects.filter(categories__in=ids).values("pk"))
        most = MOST_ON_SHELF if below else ON_A_PAGE * 3
        found.append((one, rows.count(), list(filters.ordered(selectors.whole(rows), "-popular")[:most])))
    return [shelf for shelf in found if shelf[1]]
