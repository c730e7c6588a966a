"""Books, and their covers."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import paging
from lyceum.core.api import Door, check_if_match, etag, read
from lyceum.core.permissions import PublicReadStaffWrite, is_staff
from lyceum.core.uploads import StrictMultiPartParser, read_file
from lyceum.library import books, covers, filters, selectors
from lyceum.library.api import params
from lyceum.library.api import serializers as forms
from lyceum.library.models import Book
from lyceum.library.scopes import READ_AND_WRITE
from lyceum.library.shapes import book_data

# What a picture may do that somebody opens by itself: nothing.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class LibraryDoor(Door):
    """Open to all who may read, and for staff to write."""

    permission_classes = (PublicReadStaffWrite,)
    scopes = READ_AND_WRITE


def shown(request: Request, book: Book, status: int = 200) -> Response:
    data = book_data(book, for_staff=is_staff(request))
    return Response(data, status=status, headers={"ETag": etag(book.pk, book.version)})


class BookList(LibraryDoor):
    creates = True
    numbered = True

    @extend_schema(parameters=[*paging.NUMBERED, *params.BROWSING], responses=forms.BookPage)
    def get(self, request: Request) -> Response:
        """Browse the catalogue."""
        page, order, asked = paging.numbered(request), params.order(request), params.filters(request)
        rows = filters.narrowed(selectors.visible_books(request.user), asked)
        ids = filters.ordered(rows, order).values_list("pk", flat=True)[page.here]
        count = rows.count()
        found = selectors.books_in_order(request.user, ids)
        results = [book_data(book, for_staff=is_staff(request)) for book in found]
        return page.answer(results, count)

    @extend_schema(request=forms.BookBody, responses={201: forms.BookView})
    def post(self, request: Request) -> Response:
        """Add a book."""
        made = books.create_book(actor=request.user, **read(forms.BookBody, request))
        return shown(request, selectors.get_book_for(request.user, made.pk), status=201)


class BookDetail(LibraryDoor):
    conditional = ("PATCH", "DELETE")

    @extend_schema(responses=forms.BookView)
    def get(self, request: Request, book_id: UUID) -> Response:
        """Read a book."""
        return shown(request, selectors.get_book_for(request.user, book_id))

    @extend_schema(request=forms.BookPatch, responses=forms.BookView)
    def patch(self, request: Request, book_id: UUID) -> Response:
        """Change a book."""
        books.change_book(book_id, actor=request.user, check=self._check, **read(forms.BookPatch, request))
        return shown(request, selectors.get_book_for(request.user, book_id))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, book_id: UUID) -> Response:
        """Delete a book, with its reviews."""
        books.delete_book(book_id, actor=request.user, check=self._check)
        return Response(status=204)

    def _check(self, book: Book) -> None:
        check_if_match(self.request, etag(book.pk, book.version))


class BookCover(LibraryDoor):
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}
    conditional = ("PUT", "DELETE")
    answers_json = False
    tagged = True
    parser_classes = (StrictMultiPartParser,)

    @extend_schema(
        parameters=[OpenApiParameter("v", str, description="The version that one knows of.")],
        responses={(200, "image/webp"): bytes, (200, "image/svg+xml"): str, 304: None},
    )
    def get(self, request: Request, book_id: UUID) -> HttpResponseBase:
        """Read a book's cover; one is drawn where none was uploaded."""
        book = selectors.get_book_for(request.user, book_id)
        version = covers.version_of(book)
        tag = etag(book_id, version)
        # Only the address that names this very picture may be kept without asking again.
        kept = (
            "private, max-age=31536000, immutable" if request.query_params.get("v") == version else "private, no-cache"
        )
        headers = {"ETag": tag, "Cache-Control": kept, "Content-Security-Policy": SANDBOX}
        if tag in request.headers.get("If-None-Match", ""):
            return HttpResponse(status=304, headers=headers)
        file = covers.open_cover(book)
        if file is not None:
            return FileResponse(file, content_type="image/webp", headers=headers)
        return HttpResponse(covers.draw(book), content_type="image/svg+xml; charset=utf-8", headers=headers)

    @extend_schema(request={"multipart/form-data": forms.CoverBody}, responses=forms.BookView)
    def put(self, request: Request, book_id: UUID) -> Response:
        """Set a book's cover: a PNG, JPEG, WebP or GIF of at most 5 MB."""
        file = read_file(request, "file", most=settings.UPLOAD_MAX_BYTES["/cover/"])
        covers.set_cover(book_id, file, actor=request.user, check=self._check)
        return self._answer(book_id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, book_id: UUID) -> Response:
        """Take a book's cover away; from then on one is drawn."""
        covers.remove_cover(book_id, actor=request.user, check=self._check)
        return Response(status=204)

    def _check(self, book: Book) -> None:
        check_if_match(self.request, etag(book.pk, covers.version_of(book)))

    def _answer(self, book_id: UUID) -> Response:
        book = selectors.get_book_for(self.request.user, book_id)
        data: Any = book_data(book, for_staff=True)
        return Response(data, headers={"ETag": etag(book.pk, covers.version_of(book))})
