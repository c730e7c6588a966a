"""Authors, publishers and categories."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import paging
from lyceum.core.api import Door, check_if_match, etag, read
from lyceum.core.permissions import IsStaff
from lyceum.library import names, selectors, suggestions
from lyceum.library.api import serializers as forms
from lyceum.library.api.views import LibraryDoor, shown
from lyceum.library.models import Author, Category, CategorySuggestion, Keyed, Publisher
from lyceum.library.scopes import READ_AND_WRITE
from lyceum.library.shapes import author_data, category_data, name_data

Q = OpenApiParameter("q", str, description="The beginning of any word of the name.")
SHAPES: dict[type[Keyed], Any] = {Author: author_data, Publisher: name_data, Category: category_data}


class NameList(LibraryDoor):
    kind: ClassVar[type[Keyed]]
    creates = True
    numbered = True

    def listed(self, request: Request, rows: QuerySet[Any] | None = None) -> Response:
        page = paging.numbered(request)
        rows = selectors.named(self.kind, request.query_params.get("q", "")) if rows is None else rows
        count = rows.count()
        results = [SHAPES[self.kind](row) for row in rows[page.here]]
        return page.answer(results, count)

    def made(self, request: Request, body: dict[str, Any]) -> Response:
        row = names.create(self.kind, actor=request.user, **body)
        return answer(row, status=201)


class NameDetail(LibraryDoor):
    kind: ClassVar[type[Keyed]]
    conditional = ("PATCH", "DELETE")

    def changed(self, request: Request, row_id: UUID, body: dict[str, Any]) -> Response:
        return answer(names.change(self.kind, row_id, actor=request.user, check=self._check, **body))

    def deleted(self, request: Request, row_id: UUID) -> Response:
        names.delete(self.kind, row_id, actor=request.user, check=self._check)
        return Response(status=204)

    def _check(self, row: Keyed) -> None:
        check_if_match(self.request, etag(row.pk, row.version))


def answer(row: Keyed, status: int = 200) -> Response:
    return Response(SHAPES[type(row)](row), status=status, headers={"ETag": etag(row.pk, row.version)})


class AuthorList(NameList):
    kind = Author

    @extend_schema(parameters=[*paging.NUMBERED, Q], responses=forms.AuthorPage)
    def get(self, request: Request) -> Response:
        """List the authors, by name."""
        return self.listed(request)

    @extend_schema(request=forms.AuthorBody, responses={201: forms.AuthorView})
    def post(self, request: Request) -> Response:
        """Add an author."""
        return self.made(request, read(forms.AuthorBody, request))


class AuthorDetail(NameDetail):
    kind = Author

    @extend_schema(responses=forms.AuthorView)
    def get(self, request: Request, author_id: UUID) -> Response:
        """Read an author."""
        return answer(selectors.get_author(author_id))

    @extend_schema(request=forms.AuthorPatch, responses=forms.AuthorView)
    def patch(self, request: Request, author_id: UUID) -> Response:
        """Rename an author; the books are found by the new name."""
        return self.changed(request, author_id, read(forms.AuthorPatch, request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, author_id: UUID) -> Response:
        """Delete an author without books."""
        return self.deleted(request, author_id)


class PublisherList(NameList):
    kind = Publisher

    @extend_schema(parameters=[*paging.NUMBERED, Q], responses=forms.PublisherPage)
    def get(self, request: Request) -> Response:
        """List the publishers, by name."""
        return self.listed(request)

    @extend_schema(request=forms.PublisherBody, responses={201: forms.NameView})
    def post(self, request: Request) -> Response:
        """Add a publisher."""
        return self.made(request, read(forms.PublisherBody, request))


class PublisherDetail(NameDetail):
    kind = Publisher

    @extend_schema(responses=forms.NameView)
    def get(self, request: Request, publisher_id: UUID) -> Response:
        """Read a publisher."""
        return answer(selectors.get_publisher(publisher_id))

    @extend_schema(request=forms.PublisherBody, responses=forms.NameView)
    def patch(self, request: Request, publisher_id: UUID) -> Response:
        """Rename a publisher."""
        return self.changed(request, publisher_id, read(forms.PublisherBody, request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, publisher_id: UUID) -> Response:
        """Delete a publisher without books."""
        return self.deleted(request, publisher_id)


class CategoryList(NameList):
    kind = Category

    @extend_schema(
        parameters=[*paging.NUMBERED, Q, OpenApiParameter("parent", str, description="An id, or `none` for the top.")],
        responses=forms.CategoryPage,
    )
    def get(self, request: Request) -> Response:
        """List the categories, by name; each says which one it stands in."""
        rows = selectors.named(Category, request.query_params.get("q", ""))
        return self.listed(request, selectors.within(rows, request.query_params.get("parent")))

    @extend_schema(request=forms.CategoryBody, responses={201: forms.CategoryView})
    def post(self, request: Request) -> Response:
        """Add a category."""
        return self.made(request, read(forms.CategoryBody, request))


def suggestion_data(row: CategorySuggestion) -> dict[str, Any]:
    book = {"id": row.book_id, "title": row.book.title}
    told = {"id": row.pk, "book": book, "category": name_data(row.category), "score": row.score}
    return {**told, "created_at": row.created_at}


class SuggestionList(Door):
    permission_classes = (IsStaff,)
    scopes = READ_AND_WRITE
    numbered = True

    @extend_schema(parameters=paging.NUMBERED, responses=forms.SuggestionPage)
    def get(self, request: Request) -> Response:
        """List the categories suggested for books without any, the surest first."""
        page, rows = paging.numbered(request), suggestions.open_suggestions()
        count = rows.count()
        results = [suggestion_data(row) for row in rows[page.here]]
        return page.answer(results, count)

    @extend_schema(request=None, responses={202: forms.SuggestionJob})
    def post(self, request: Request) -> Response:
        """Have suggestions made now for books without a category."""
        return Response({"job": suggestions.queue()}, status=202)


class SuggestionDetail(Door):
    permission_classes = (IsStaff,)
    scopes = READ_AND_WRITE

    @extend_schema(responses={204: None})
    def delete(self, request: Request, suggestion_id: UUID) -> Response:
        """Refuse a suggestion; it is not made again."""
        suggestions.refuse(suggestion_id, actor=request.user)
        return Response(status=204)


class SuggestionAccept(Door):
    permission_classes = (IsStaff,)
    scopes = READ_AND_WRITE

    @extend_schema(request=None, responses=forms.BookView)
    def post(self, request: Request, suggestion_id: UUID) -> Response:
        """Put a book into the category that was suggested."""
        book = suggestions.accept(suggestion_id, actor=request.user)
        return shown(request, selectors.get_book_for(request.user, book.pk))


class CategoryDetail(NameDetail):
    kind = Category

    @extend_schema(responses=forms.CategoryView)
    def get(self, request: Request, category_id: UUID) -> Response:
        """Read a category."""
        return answer(selectors.get_category(category_id))

    @extend_schema(request=forms.CategoryPatch, responses=forms.CategoryView)
    def patch(self, request: Request, category_id: UUID) -> Response:
        """Rename a category, or move it with all below it."""
        return self.changed(request, category_id, read(forms.CategoryPatch, request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, category_id: UUID) -> Response:
        """Delete a category that nothing stands in."""
        return self.deleted(request, category_id)
