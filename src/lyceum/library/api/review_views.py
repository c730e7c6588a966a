"""Reviews of books."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import paging
from lyceum.core.api import Door, check_if_match, etag, read
from lyceum.core.permissions import PublicRead
from lyceum.library import reviews, selectors
from lyceum.library.api import serializers as forms
from lyceum.library.models import Review
from lyceum.library.scopes import READ_AND_WRITE
from lyceum.library.shapes import review_data


def answer(request: Request, row: Review, status: int = 200) -> Response:
    me: Any = request.user.pk
    return Response(review_data(row, me), status=status, headers={"ETag": etag(row.pk, row.version)})


class ReviewList(Door):
    permission_classes = (PublicRead,)
    scopes = READ_AND_WRITE
    creates = True

    @extend_schema(parameters=paging.PARAMETERS, responses=forms.ReviewPage)
    def get(self, request: Request, book_id: UUID) -> Response:
        """List the reviews of a book, the newest first."""
        rows = selectors.reviews_for(request.user, book_id)
        found, links = paging.page(request, rows, "created_at")
        me: Any = request.user.pk
        return Response({"results": [review_data(one, me) for one in found], **links})

    @extend_schema(request=forms.ReviewBody, responses={200: forms.ReviewView, 201: forms.ReviewView})
    def post(self, request: Request, book_id: UUID) -> Response:
        """Review a book; who has done so before changes what they said."""
        row, is_new = reviews.write_review(request.user, book_id, **read(forms.ReviewBody, request))
        return answer(request, row, status=201 if is_new else 200)


class ReviewDetail(Door):
    permission_classes = (PublicRead,)
    scopes = READ_AND_WRITE
    conditional = ("PATCH", "DELETE")

    @extend_schema(responses=forms.ReviewView)
    def get(self, request: Request, book_id: UUID, review_id: UUID) -> Response:
        """Read a review."""
        return answer(request, selectors.get_review_for(request.user, book_id, review_id))

    @extend_schema(request=forms.ReviewPatch, responses=forms.ReviewView)
    def patch(self, request: Request, book_id: UUID, review_id: UUID) -> Response:
        """Change one's own review."""
        body = read(forms.ReviewPatch, request)
        row = reviews.edit_review(request.user, review_id, book_id=book_id, check=self._check, **body)
        return answer(request, row)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, book_id: UUID, review_id: UUID) -> Response:
        """Take one's own review back; staff may delete any."""
        reviews.delete_review(request.user, review_id, book_id=book_id, check=self._check)
        return Response(status=204)

    def _check(self, row: Review) -> None:
        check_if_match(self.request, etag(row.pk, row.version))
