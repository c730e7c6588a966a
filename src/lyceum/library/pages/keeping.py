"""The catalogue kept on pages: books added, changed and deleted by staff, with their covers and suggested shelves."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.core import pages
from lyceum.core.conditions import unbound
from lyceum.core.errors import Conflict, Invalid
from lyceum.core.forms import Form, answer
from lyceum.library import books, covers, names, selectors
from lyceum.library.models import Author, Book, Category, Publisher, key_of
from lyceum.library.pages.forms import COVER, FIELDS, BookForm, values_from, values_of


class StaleBook(Conflict):
    code, title = "library.stale_book", "Somebody changed this book while you did."


@pages.staff_only
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    form = Form(
        "book", FIELDS, _("Add the book"), values={"status": "available", "stock": "1", "currency": _currency()}
    )
    if request.method == "POST":
        with form.refusals():
            body = form.read(BookForm, request)
            book = _write(request.user, body, partial(books.create_book, actor=request.user))
            told = _("%s is in the catalogue.") % book.title
            return pages.go(request, reverse("library:book", args=[book.pk]), told=told)
    return answer(request, "library/add.html", form, {"branches": _branches()}, part="library/_book_form.html")


@pages.staff_only
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    form = Form("book", FIELDS, _("Save the book"), values=values_of(book))
    context: dict[str, Any] = {"book": book, "branches": _branches(), "cover_form": _cover_form(book)}
    if request.method == "POST":
        with form.refusals():
            body = form.read(BookForm, request)
            check = _unless_changed(request.POST.get("version", ""))
            _write(request.user, body, partial(books.change_book, book.pk, actor=request.user, check=check))
            told = _("%s is saved.") % body["title"]
            return pages.go(request, reverse("library:book", args=[book.pk]), told=told)
        if form.code == StaleBook.code:
            context["theirs"] = list(_differences(body, book))
    return answer(request, "library/edit.html", form, context, part="library/_book_form.html")


def _currency() -> str:
    """Return the currency that the library bought its last book in."""
    last = Book.objects.order_by("-created_at", "-pk").values_list("currency", flat=True).first()
    return last or "EUR"


def _branches() -> list[tuple[Category, list[Category]]]:
    """Return the categories at the top, each with all that is below it."""
    above, rows = selectors.ancestry(), list(Category.objects.order_by("name_key", "pk"))
    tops = [one for one in rows if one.parent_id is None]
    return [(top, [one for one in rows if one != top and above[one.pk][-1].pk == top.pk]) for top in tops]


def _unless_changed(version: str) -> Callable[[Book], None]:
    def check(book: Book) -> None:
        if str(book.version) != version:
            raise StaleBook

    return check


def _differences(sent: dict[str, Any], book: Book) -> Iterable[tuple[object, str]]:
    """Say what the book has now where that is not what was sent."""
    now, mine = values_of(book), values_from(sent)
    known = {str(one.pk): one.name for one in Category.objects.all()}
    for field in FIELDS:
        has = now[field.name]
        if mine[field.name] != has:
            words = ", ".join(str(known.get(one, one)) for one in has) if isinstance(has, list) else str(has)
            yield field.label, words or str(_("nothing"))


@transaction.atomic
def _write(actor: Any, body: dict[str, Any], write: Callable[..., Book]) -> Book:
    """Write a book whose people and publisher are given by name; those that are new are added with it."""
    authors = [_author(actor, name).pk for name in body["authors"]]
    publisher = _publisher(actor, body["publisher"])
    fields = {name: value for name, value in body.items() if name not in ("authors", "publisher")}
    return write(authors=authors, publisher_id=publisher.pk if publisher else None, **fields)


def _author(actor: Any, name: str) -> Author:
    last, comma, first = (part.strip() for part in name.partition(","))
    if not comma:
        first, _space, last = name.rpartition(" ")
    found = Author.objects.filter(name_key=key_of(f"{first} {last}")).order_by("pk").first()
    return found or names.create(Author, actor=actor, first_name=first, last_name=last)


def _publisher(actor: Any, name: str) -> Publisher | None:
    if not name:
        return None
    found = Publisher.objects.filter(name_key=key_of(name)).first()
    return found or names.create(Publisher, actor=actor, name=name)


def _cover_form(book: Book) -> Form:
    return Form("cover", [COVER], _("Use this picture"), action=reverse("library:cover", args=[book.pk]), is_main=False)


@pages.staff_only
@require_POST
def cover(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    form = _cover_form(book)
    with form.refusals():
        if "remove" in request.POST:
            covers.remove_cover(book.pk, actor=request.user, check=unbound)
            return pages.go(request, reverse("library:edit", args=[book.pk]), told=_("The cover is drawn again."))
        file = request.FILES.get("file")
        if file is None:
            raise Invalid.field("file", "required", _("Choose a picture."))
        covers.set_cover(book.pk, file, actor=request.user, check=unbound)
        return pages.go(request, reverse("library:edit", args=[book.pk]), told=_("The cover is set."))
    book_form = Form("book", FIELDS, _("Save the book"), values=values_of(book), status=form.status)
    context = {"book": book, "branches": _branches(), "cover_form": form, "form": book_form, "is_cover_refused": True}
    return pages.show(request, "library/edit.html", "library/edit.html", context, status=form.status)


@pages.staff_only
@require_POST
def delete(request: HttpRequest, book_id: UUID) -> HttpResponse:
    book = selectors.get_book_for(request.user, book_id)
    books.delete_book(book.pk, actor=request.user)
    return pages.go(request, reverse("library:search"), told=_("%s is deleted.") % book.title)
