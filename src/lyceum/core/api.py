"""The base of every REST door: limits, idempotency keys, conditional changes, and reading a body."""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from rest_framework.exceptions import APIException, NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.mediatypes import media_type_matches
from rest_framework.views import APIView

from lyceum.core import idempotency, scopes
from lyceum.core.errors import DomainError, Invalid, NotFound, PreconditionFailed
from lyceum.core.permissions import may_all
from lyceum.core.quotas import count

MAX_INTEGER = 2**63 - 1
CHANGING = ("PUT", "PATCH", "DELETE")
S = TypeVar("S", bound=Serializer[Any])


class JsonNegotiation(BaseContentNegotiation):
    """JSON, or 406 where `Accept` admits neither it nor a problem document."""

    TYPES = ("application/json", "application/problem+json", "application/*", "*/*")

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        if not any(map(self._admits, (request.headers.get("Accept") or "*/*").split(","))):
            raise NotAcceptable
        return renderers[0], renderers[0].media_type

    def _admits(self, part: str) -> bool:
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        return kind in self.TYPES and not any(re.fullmatch(r"q=0(\.0*)?", text) for text in parameters)

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((p for p in parsers if media_type_matches(p.media_type, request.content_type)), None)


class Door(APIView):
    """One address of the API.

    `limit_classes` name what a request counts in, by method; without a word it is `api`. `creates` says that POST
    makes something, so that it takes an Idempotency-Key (`needs_key`: and does nothing without one), and answers with a
    Location: the `id` of what it made, below the door's own address or the one of `made_below`, unless `located` denies
    that. `scopes` name what a service key or an app needs, by method;
    without a word the door is for people alone.
    """

    limit_classes: ClassVar[dict[str, tuple[str, ...]]] = {}
    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    counts_for_address: ClassVar[bool] = False
    creates: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False
    located: ClassVar[bool] = True
    made_below: ClassVar[str] = ""
    answers_json: ClassVar[bool] = True
    # Methods that hold If-Match against the state of what they change; of what has none only `*` is true.
    conditional: ClassVar[tuple[str, ...]] = ()
    # For the document: answers with an ETag or a count, refusals of its own.
    tagged: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    refusals: ClassVar[dict[str, tuple[int, ...]]] = {}
    # A door that tells how the server is has to answer also while Valkey does not.
    fails_open: ClassVar[bool] = False
    content_negotiation_class: type[BaseContentNegotiation] = JsonNegotiation

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs, self.limit_headers = args, kwargs, dict[str, str]()
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            response = self._act(self.request)
        except Exception as err:  # noqa: BLE001  # translated in one place
            response = self.handle_exception(err)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        for name, value in self.limit_headers.items():
            self.response[name] = value
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        request.version = request.versioning_scheme = None
        failure = self._authenticate(request)
        self.limit_headers = count(
            request._request,
            self.limit_classes.get(request.method or "", ("api",)),
            for_address=self.counts_for_address,
            fails_open=self.fails_open,
        )
        if (refusal := getattr(request._request, "refusal", None)) is not None:
            raise refusal
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        if failure is not None:
            raise failure
        self.check_permissions(request)
        self._check_scopes(request)

    def needed_scopes(self, method: str) -> tuple[str, ...]:
        return self.scopes.get("GET" if method == "HEAD" else method, ())

    def _check_scopes(self, request: Request) -> None:
        granted = getattr(request._request, "granted_scopes", None)
        if granted is not None and not may_all(request.method, self.permission_classes):
            scopes.check(granted, self.needed_scopes(request.method or ""))

    def _authenticate(self, request: Request) -> Exception | None:
        """Find the person first, so that a refused sign-in counts against its address."""
        try:
            self.perform_authentication(request)
        except (APIException, DomainError) as err:
            return err
        request._request.api_user = request.user  # type: ignore[attr-defined]
        return None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # What is no JSON (a picture) has one form, whatever is accepted.
        return super().perform_content_negotiation(request, force or not self.answers_json)

    def _act(self, request: Request) -> Any:
        name = (request.method or "").lower()
        handler = getattr(self, name, None) if name in self.http_method_names else None
        act = partial(handler or self.http_method_not_allowed, request, *self.args, **self.kwargs)
        if self.creates and request.method == "POST":
            return self._with_location(idempotency.once(request, act, is_needed=self.needs_key))
        if handler is None or request.method not in CHANGING or request.method in self.conditional:
            return act()
        return self._act_without_a_tag(request, act)

    def _act_without_a_tag(self, request: Request, act: Callable[[], Any]) -> Any:
        """Change what has no ETag; where a state is named, only say first what would be said without it.

        So RFC 9110 (13.2.1) orders it: what is not there is 404, and what is taken back again was 2xx.
        """
        if "If-Match" not in request.headers:
            return act()
        with transaction.atomic():
            answer = act()
            check_if_match(request, None)
        return answer

    def _with_location(self, answer: Any) -> Any:
        """Say where what was made is found; a repeat, whose body was kept, is told the same."""
        if self.located and answer.status_code < 300:
            made = answer.data if isinstance(answer, Response) else json.loads(answer.content)
            below = self.made_below or canonical(self.request.path).rstrip("/")
            answer["Location"] = f"{below}/{made['id']}/"
        return answer

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})


class Unknown(Door):
    """Every address of the API that is none: counted like the others, and helped where only a slash is missing."""

    permission_classes = (AllowAny,)
    answers_json = False
    # There is no method to allow.
    default_response_headers: ClassVar[dict[str, str]] = {}

    def _act(self, request: Request) -> HttpResponse:
        path = request.path
        is_read = request.method in ("GET", "HEAD") and not path.endswith("/")
        if not is_read or resolve(f"{path}/").func.__dict__.get("view_class") is Unknown:
            raise NotFound
        response = HttpResponse(status=308)
        del response["Content-Type"]
        query = request.META.get("QUERY_STRING", "")
        response["Location"] = f"{path.rsplit('/', 1)[-1]}/" + (f"?{query}" if query else "")
        return response


def canonical(path: str) -> str:
    """Return an address of the API with its version, which may be left out."""
    return path if path.startswith("/api/v1/") else path.replace("/api/", "/api/v1/", 1)


def read(serializer: type[S], request: Request, **context: Any) -> dict[str, Any]:
    """Parse a request's body; raises a ValidationError with every broken rule."""
    form = serializer(data=request.data, context=context)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def etag(identity: UUID, version: object) -> str:
    return f'"{identity}.{version}"'


def check_if_match(request: Request, tag: str | None) -> None:
    """Raise PreconditionFailed when the request names another state than the current one.

    The state is that of the locked row, so that of two who name the same one only one passes. What has no ETag (None)
    is in no state that could be named.
    """
    given = request.headers.get("If-Match")
    if given is not None and given.strip() != "*" and tag not in [part.strip() for part in given.split(",")]:
        raise PreconditionFailed


def flag(request: Request, name: str) -> bool:
    """Read `true` or `false` from the query; without it, false."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise Invalid.field(name, "invalid", "Say true or false.")
    return text == "true"


def number(request: Request, name: str, *, default: int | None, low: int = 0, high: int = MAX_INTEGER) -> int | None:
    """Read a whole number from the query; raises Invalid outside `low` to `high`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise Invalid.field(name, "invalid", "Use a whole number.")
    value = int(text)
    if value < low:
        raise Invalid.field(name, "too_small", f"Use {low} or more.")
    if value > high:
        raise Invalid.field(name, "too_large", f"Use {high} or less.")
    return value
