from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import Door, etag
from lyceum.core.uploads import StrictMultiPartParser, read_file
from lyceum.messaging import attachments
from lyceum.messaging.api import serializers as forms
from lyceum.messaging.api.ranges import part_of
from lyceum.messaging.api.views import user_id
from lyceum.messaging.file_types import ALLOWED
from lyceum.messaging.models import Attachment
from lyceum.messaging.scopes import READ_AND_WRITE

MOST_BYTES = "/chat/attachments/"
# A page of ours runs nothing of a file; nor does an older browser that opens one by its address.
SANDBOX = "default-src 'none'; sandbox"


class AttachmentList(Door):
    scopes = READ_AND_WRITE
    creates = True
    parser_classes = (StrictMultiPartParser,)

    @extend_schema(request={"multipart/form-data": forms.AttachmentBody}, responses={201: forms.AttachmentView})
    def post(self, request: Request) -> Response:
        """Keep a file of at most 25 MB, to be sent with a message within a day."""
        file = read_file(request, "file", most=settings.UPLOAD_MAX_BYTES[MOST_BYTES])
        row = attachments.upload(user_id(request), file, name=file.name or "", size=file.size or 0)
        return Response(attachments.shape(row), status=201)


class AttachmentFile(Door):
    """The bytes as they came, for who may see the message."""

    scopes = READ_AND_WRITE
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}
    answers_json = False
    tagged = True
    is_preview = False

    @extend_schema(responses={**{(200, kind): bytes for kind in ALLOWED}, 206: None, 304: None, 416: None})
    def get(self, request: Request, attachment_id: UUID) -> HttpResponseBase:
        """Download a file, or a part of it by `Range`."""
        return self.answer(request, attachments.get_attachment_for(user_id(request), attachment_id))

    def answer(self, request: Request, row: Attachment) -> HttpResponseBase:
        tag = etag(row.pk, int(self.is_preview))
        # Rights may end, so a browser asks again each time; it is told in short that nothing changed.
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Content-Security-Policy": SANDBOX}
        if tag in request.headers.get("If-None-Match", ""):
            return HttpResponse(status=304, headers=headers)
        file: Any = attachments.open_file(row, is_preview=self.is_preview)
        if self.is_preview:
            return FileResponse(file, content_type="image/webp", headers=headers)
        return self._download(request.headers.get("Range", ""), row, file, {**headers, "Accept-Ranges": "bytes"})

    def _download(self, wanted: str, row: Attachment, file: Any, headers: dict[str, str]) -> HttpResponseBase:
        try:
            part = part_of(wanted, row.size)
        except ValueError:
            file.close()
            return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{row.size}"})
        if part is None:
            return FileResponse(
                file, as_attachment=True, filename=row.name, content_type=row.content_type, headers=headers
            )
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{row.size}"
        headers["Content-Length"] = str(part.last - part.first + 1)
        headers["Content-Disposition"] = str(content_disposition_header(True, row.name))
        return StreamingHttpResponse(part.pieces(file), status=206, content_type=row.content_type, headers=headers)


class AttachmentPreview(AttachmentFile):
    """A smaller picture without what the original says of its place and time."""

    is_preview = True

    @extend_schema(responses={(200, "image/webp"): bytes, 304: None})
    def get(self, request: Request, attachment_id: UUID) -> HttpResponseBase:
        """Read the preview of a picture."""
        return self.answer(request, attachments.get_attachment_for(user_id(request), attachment_id))
