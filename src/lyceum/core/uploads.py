"""Bodies that carry a file: how large they may be, and how a door reads them."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from lyceum.core.errors import DomainError, FieldError, Invalid
from lyceum.core.json import refuse_compressed

# The lines between the parts of a form, and the names in them.
WRAPPER_BYTES = 16 * 1024


class BodyTooLarge(DomainError):
    code, title, status = "body_too_large", "The body is too large.", 413


class QueryTooLong(DomainError):
    code, title, status = "query_too_long", "The query is too long.", 414


def most_bytes(path: str) -> int:
    """Return how large a body the address takes."""
    for end, most in settings.UPLOAD_MAX_BYTES.items():
        if path.rstrip("/").endswith(end.rstrip("/")):
            return int(most) + WRAPPER_BYTES
    return int(settings.BODY_MAX_BYTES)


class StrictMultiPartParser(MultiPartParser):
    """Takes a form with files as it is, never a compressed one."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        refuse_compressed(parser_context)
        return super().parse(stream, media_type, parser_context)


def read_file(request: Request, name: str, *, most: int) -> "UploadedFile[Any]":
    """Return the one file of a form; raises Invalid for anything else in it, BodyTooLarge beyond `most` bytes."""
    data: Any = request.data
    errors = [FieldError(str(key)[:100], "unknown_field", "This field is not known.") for key in data if key != name]
    file = data.get(name)
    if file is None:
        errors.append(FieldError(name, "required", "Send a file."))
    elif not isinstance(file, UploadedFile):
        errors.append(FieldError(name, "invalid_type", "Send a file."))
    elif len(data.getlist(name)) > 1:
        errors.append(FieldError(name, "too_large", "Send one file."))
    if errors:
        raise Invalid(errors=errors)
    assert isinstance(file, UploadedFile)
    if file.size is not None and file.size > most:
        raise BodyTooLarge
    return file
