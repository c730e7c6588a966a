import re
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from lyceum.core import pages, statics, tallies
from lyceum.core.addresses import client_address, is_trusted
from lyceum.core.errors import DomainError, Invalid
from lyceum.core.ids import uuid7
from lyceum.core.quotas import count
from lyceum.core.uploads import BodyTooLarge, QueryTooLong, most_bytes

type_of_view = Callable[[HttpRequest], HttpResponse]
access = structlog.get_logger("lyceum.access")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
VISIBLE = re.compile(r"[\x21-\x7e]{1,64}")
POLICY = "; ".join(
    [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
    ]
)
# Where apps call with secrets and codes that nobody guesses, for many people from one address.
FOR_APPS = "/oauth/"
# Prefixes of what counts for itself (the doors of the API) or not at all.
NOT_PAGES = ("/api/", "/health/", "/metrics")
# Swagger UI and Redoc put styles and workers in themselves; only their two pages get this.
DOCS_POLICY = POLICY + "; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; worker-src 'self' blob:"


def name_request(peer: str, given: str) -> dict[str, str]:
    """Return the id of a request as its log lines name it: the given one from a trusted proxy, else a new one."""
    if not VISIBLE.fullmatch(given):
        return {"request_id": str(uuid7())}
    return {"request_id": given} if is_trusted(peer) else {"request_id": str(uuid7()), "client_request_id": given}


def request_context(get_response: type_of_view) -> type_of_view:
    """Give each request an id and its client's address, and write its one access line."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        peer = request.META.get("REMOTE_ADDR") or ""
        request.client_address = client_address(peer, request.headers.get("X-Forwarded-For", ""))  # type: ignore[attr-defined]
        names = name_request(peer, request.headers.get("X-Request-ID", ""))
        request.request_id = names["request_id"]  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(**names):
            response = get_response(request)
            response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
            match = request.resolver_match
            user = getattr(request, "api_user", None) or getattr(request, "_cached_user", None)
            route = f"/{match.route}" if match else getattr(request, "route", "(unknown)")
            seconds = time.perf_counter() - started
            method = request.method if request.method in METHODS else "(other)"
            tallies.took("http_request", seconds, str(method), str(route), str(response.status_code))
            access.info(
                "request",
                method=request.method,
                path=route,
                status=response.status_code,
                duration_ms=round(seconds * 1000, 1),
                user=str(user.pk) if user is not None and user.pk else None,
                address=request.client_address,  # type: ignore[attr-defined]
            )
        return response

    return middleware


def protective_headers(*, is_docs: bool = False) -> dict[str, str]:
    """Return the headers that every answer carries unless it says otherwise."""
    headers = {
        "Content-Security-Policy": DOCS_POLICY
        if is_docs
        else f"{POLICY}; script-src 'self' {statics.import_map_source()}",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }
    if settings.SESSION_COOKIE_SECURE:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def security_headers(get_response: type_of_view) -> type_of_view:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_docs = request.path in ("/api/docs/", "/api/redoc/", "/api/v1/docs/", "/api/v1/redoc/")
        for name, value in protective_headers(is_docs=is_docs).items():
            response.headers.setdefault(name, value)
        # A page says so itself where its form may lead away.
        if targets := getattr(response, "form_targets", ""):
            policy = response.headers["Content-Security-Policy"]
            response.headers["Content-Security-Policy"] = policy.replace(
                "form-action 'self'", f"form-action 'self' {targets}"
            )
        return response

    return middleware


def slashes(get_response: type_of_view) -> type_of_view:
    """Redirect a GET without the last slash (308, relative); serve other methods as if it were there."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        # Well-known addresses are as the standards write them.
        is_fixed = path.startswith("/.well-known/") or path == "/metrics"
        if path.endswith("/") or "." in path.rsplit("/", 1)[-1] or is_fixed:
            return get_response(request)
        if path.startswith("/api/") and request.method in ("GET", "HEAD"):
            return get_response(request)  # redirected by the door that counts it
        if request.method in ("GET", "HEAD"):
            query = request.META.get("QUERY_STRING", "")
            last = path.rsplit("/", 1)[-1]
            response = HttpResponse(status=308)
            response["Location"] = f"{last}/" + (f"?{query}" if query else "")
            return response
        request.path_info = request.path = f"{path}/"
        return get_response(request)

    return middleware


def request_bounds(get_response: type_of_view) -> type_of_view:
    """Refuse a query or a body that is too long, and NUL in the address, before anything reads them.

    A door of the API raises the refusal itself, once it has counted the request.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        refusal = _out_of_bounds(request)
        if refusal is None:
            return get_response(request)
        if request.path_info.startswith("/api/"):
            request.refusal = refusal  # type: ignore[attr-defined]
            return get_response(request)
        return pages.refuse(request, refusal)

    return middleware


def _out_of_bounds(request: HttpRequest) -> DomainError | None:
    query = request.META.get("QUERY_STRING", "")
    if len(query) > settings.QUERY_MAX_BYTES:
        return QueryTooLong()
    if "%00" in query or "\x00" in request.path_info:
        return Invalid("NUL is not allowed.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_long = length.isdigit() and int(length) > most_bytes(request.path_info)
    if is_long or getattr(request, "scope", {}).get("body_is_cut"):
        return BodyTooLarge()
    return None


def page_quota(get_response: type_of_view) -> type_of_view:
    """Count pages and static files in `light`; doors of the API count by themselves, and probes are not counted.

    What would change something without an account counts in `api` too, as at the doors.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(NOT_PAGES):
            return get_response(request)
        person = request.api_user = _person(request)  # type: ignore[attr-defined]
        is_act = request.method not in ("GET", "HEAD", "OPTIONS") and not request.path_info.startswith(FOR_APPS)
        try:
            names = ("light", "api") if is_act and person is None else ("light",)
            headers = count(request, names, fails_open=not is_act)
            response = get_response(request)
        except DomainError as err:
            response, headers = pages.refuse(request, err), getattr(err, "headers", {})
        for name, value in headers.items():
            response.headers[name] = value
        return response

    return middleware


def probes(get_response: type_of_view) -> type_of_view:
    """Let probes through that name a machine instead of a host that is served."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/health/"):
            request.get_host = lambda: "probe"  # type: ignore[method-assign]
        return get_response(request)

    return middleware


def _person(request: HttpRequest) -> Any:
    """Return who is signed in; nobody while the database is away, so that the page which says that has its style."""
    try:
        person = request.user if request.user.is_authenticated else None
    except DatabaseError:
        return None
    if request.path_info.startswith(settings.STATIC_URL):
        # Whose request it is matters to the count alone: the file is the same for everybody.
        request.session.accessed = False
    return person


def static_files(get_response: type_of_view) -> type_of_view:
    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(settings.STATIC_URL):
            return get_response(request)
        found = statics.answer(request.path_info, request.method or "GET", request.META)
        if found is None:
            return get_response(request)
        request.route = f"{settings.STATIC_URL}…"  # type: ignore[attr-defined]
        status, headers, body = found
        return HttpResponse(body, status=status, headers=dict(headers))

    return middleware


def local_time_and_words(get_response: type_of_view) -> type_of_view:
    """Show times in the person's zone, and dates and figures as their language writes them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(NOT_PAGES) or not request.user.is_authenticated:
            return get_response(request)
        zone = ZoneInfo(request.user.timezone)
        with timezone.override(zone), translation.override(request.user.locale.lower()):
            return get_response(request)

    return middleware
