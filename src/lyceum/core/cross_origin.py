"""Cross-origin requests (the Fetch standard's CORS protocol): exactly the origins that the operator named."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-CSRFToken, X-Request-ID"
EXPOSED = (
    "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-ID, "
    "X-Total-Count"
)
PREFLIGHT_SECONDS = "600"


def cross_origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let pages of the named origins use the API, with cookies; say nothing to others, whose browsers then refuse."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/") or not settings.CORS_ALLOWED_ORIGINS:
            return get_response(request)
        origin = request.headers.get("Origin", "")
        is_allowed = origin in settings.CORS_ALLOWED_ORIGINS
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if is_allowed and is_preflight else get_response(request)
        patch_vary_headers(response, ["Origin"])
        if is_allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Credentials"] = "true"
            response["Access-Control-Expose-Headers"] = EXPOSED
        if is_allowed and is_preflight:
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = HEADERS
            response["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    return middleware
