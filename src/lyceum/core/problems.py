"""RFC 9457 problem documents: one way in which every refusal leaves the server."""

import math
from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from redis.exceptions import ConnectionError as ValkeyConnectionError
from redis.exceptions import TimeoutError as ValkeyTimeoutError
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from lyceum.core.errors import DomainError, FieldError
from lyceum.core.json import dump

log = structlog.get_logger("lyceum.errors")
CONTENT_TYPE = "application/problem+json"
TITLES = {
    "invalid": "Some of what was sent is not valid.",
    "malformed_body": "The body is not JSON that can be read.",
    "not_authenticated": "Sign in first.",
    "forbidden": "You may not do this.",
    "csrf_failed": "The CSRF token is missing or wrong.",
    "not_found": "There is no such thing here.",
    "method_not_allowed": "This address does not take that method.",
    "not_acceptable": "None of the accepted types can be served.",
    "body_too_large": "The body is too large.",
    "query_too_long": "The query is too long.",
    "unsupported_media_type": "This type of body is not read here.",
    "unavailable": "This is not available now. Try again soon.",
    "internal": "Something went wrong on our side.",
}
# REST framework's words for a broken rule, in the words of the contract.
FIELD_CODES = {
    "max_length": "too_long",
    "min_length": "too_short",
    "max_value": "too_large",
    "min_value": "too_small",
    "does_not_exist": "not_found",
    "not_a_list": "invalid_type",
    "not_a_dict": "invalid_type",
    "unique": "taken",
    "empty": "too_short",
    "max_string_length": "too_large",
    "null_characters_not_allowed": "invalid",
}


def problem(
    request: HttpRequest,
    code: str,
    http_status: int,
    detail: str = "",
    *,
    title: str = "",
    errors: list[FieldError] | None = None,
    retry_after: float | None = None,
) -> HttpResponse:
    """Make the answer for a refusal, with its code, its field errors and the request's id."""
    document: dict[str, Any] = {
        "type": f"/problems/{code}/",
        "title": title or TITLES.get(code, code),
        "status": http_status,
        "detail": detail or title or TITLES.get(code, code),
        "instance": request.path,
        "code": code,
        "errors": [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors or []],
        "request_id": getattr(request, "request_id", ""),
    }
    response = HttpResponse(dump(document), status=http_status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if http_status == status.HTTP_401_UNAUTHORIZED:
        error = ', error="invalid_token"' if code.startswith("token_") else ""
        response["WWW-Authenticate"] = f'Bearer realm="lyceum"{error}'
    return response


def _logged(response: HttpResponse) -> HttpResponse:
    """Mark an answer of which Django need not log a second line."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def flatten(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Walk REST framework's nested details into flat field errors."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            here = path if key == "non_field_errors" else f"{path}.{key}" if path else str(key)
            yield from flatten(value, here)
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from flatten(value, f"{path}.{index}" if nested and path else path)
    else:
        code = getattr(detail, "code", "invalid")
        yield FieldError(path, FIELD_CODES.get(code, code), str(detail))


def for_exception(request: HttpRequest, exc: Exception) -> HttpResponse | None:
    """Answer an exception that is a refusal; None for one that is a fault."""
    match exc:
        case DomainError():
            response = problem(
                request,
                exc.code,
                exc.status,
                exc.detail,
                title=exc.title,
                errors=exc.errors,
                retry_after=exc.retry_after,
            )
            for name, value in getattr(exc, "headers", {}).items():
                response[name] = value
            return _logged(response)
        case exceptions.ValidationError() | serializers.ValidationError():
            return problem(request, "invalid", 400, errors=list(flatten(exc.detail)))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return problem(request, "not_authenticated", 401)
        case exceptions.PermissionDenied() | PermissionDenied():
            code = getattr(getattr(exc, "detail", None), "code", "forbidden")
            return problem(request, "csrf_failed" if code == "csrf_failed" else "forbidden", 403)
        case Http404() | exceptions.NotFound():
            return problem(request, "not_found", 404)
        case exceptions.MethodNotAllowed():
            return problem(request, "method_not_allowed", 405, str(exc.detail))
        case exceptions.NotAcceptable():
            return problem(request, "not_acceptable", 406)
        case exceptions.UnsupportedMediaType():
            return problem(request, "unsupported_media_type", 415)
        case exceptions.ParseError():
            return problem(request, "malformed_body", 400)
        case OperationalError() | InterfaceError() | ValkeyConnectionError() | ValkeyTimeoutError():
            log.error("unavailable", exc_info=exc)
            return _logged(problem(request, "unavailable", 503, retry_after=2))
    return None


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | HttpResponse | None:
    """REST framework's hook. A fault is logged once, with its trace, and told to nobody else."""
    request = context["request"]._request
    response = for_exception(request, exc)
    if response is None:
        got_request_exception.send(sender=None, request=request)
        if settings.DEBUG:
            return None
        log.error("fault", exc_info=exc)
        return _logged(problem(request, "internal", 500))
    if isinstance(exc, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response
