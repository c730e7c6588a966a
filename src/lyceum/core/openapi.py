"""The OpenAPI document: what a door says of itself becomes statuses, parameters and headers of its operations."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from lyceum.core.permissions import may_all
from lyceum.core.problems import TITLES

CHANGING = ("PUT", "PATCH", "DELETE")
# Statuses that any door may answer with, whatever it does.
ALWAYS = (400, 414, 429, 503)
REFUSALS = {
    400: "Malformed or invalid; every broken rule has its entry in `errors`",
    401: "Nobody is signed in, or the token or the credentials are not good",
    403: "Not allowed, or the CSRF token of a session is missing",
    404: "There is no such thing, or the asker may not know of it",
    406: "`Accept` admits no JSON",
    409: "In conflict with what is there",
    412: "It is in another state than `If-Match` names",
    413: "The body is too large",
    414: "The query is too long",
    415: "This type of body, or a compressed one, is not read here",
    429: "Too many requests, or too many wrong passwords",
    503: "Not available now",
}
PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "A path such as `items.3.price`."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["field", "code", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "request_id"],
    "additionalProperties": False,
    "examples": [
        {
            "type": "/problems/not_found/",
            "title": TITLES["not_found"],
            "status": 404,
            "detail": "There is no such conversation.",
            "instance": "/api/v1/chat/conversations/01a20a8c-3f00-7000-8000-000000000000/",
            "code": "not_found",
            "errors": [],
            "request_id": "01a20a8c-3f3b-7c11-9d5e-2f8f0a6b1c2d",
        }
    ],
}


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


HEADERS = {
    "RateLimit": _header('What is left of each class: `"api";r=99;t=1`; absent where limits are off.'),
    "RateLimit-Policy": _header('The quota of each class: `"api";q=100;w=60`; absent where limits are off.'),
    "X-Request-ID": _header("The id of this request in every log line."),
    "ETag": _header("The state, to be sent back as `If-Match`."),
    "Location": _header("Where what was made is found."),
    "Idempotency-Replayed": _header("`true` when this is the stored answer of an earlier request."),
    "X-Total-Count": _header("How many rows there are on all pages.", "integer"),
    "Retry-After": _header("Whole seconds after which the request passes.", "integer"),
    "WWW-Authenticate": _header("How to sign in."),
}
ON_EVERY = ("RateLimit", "RateLimit-Policy", "X-Request-ID")


def _idempotency_key(*, is_needed: bool) -> OpenApiParameter:
    return OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
        OpenApiParameter.HEADER,
        required=is_needed,
        description="A repeat with the same key and body gets the first answer again, for 24 hours.",
    )


IDEMPOTENCY_KEY, NEEDED_KEY = _idempotency_key(is_needed=False), _idempotency_key(is_needed=True)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The ETag of the state that is to be changed; with another one nothing happens (412).",
)


def whole(name: str, *, default: int | None, low: int = 0, high: int = 2**63 - 1) -> OpenApiParameter:
    """A whole number in the query."""
    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": high}
    return OpenApiParameter(name, schema if default is None else {**schema, "default": default})


def _refs(names: Any) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class DoorSchema(AutoSchema):
    """Reads a door's attributes; the rest comes from its serializers."""

    view: Any

    def get_operation_id(self) -> str:
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()
        return f"{self.method.lower()}_{words}"

    def get_summary(self) -> str:
        return (getattr(self.view, self.method.lower()).__doc__ or "").rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def get_auth(self) -> list[Any]:
        found = super().get_auth()
        return [*found, {}] if may_all(self.method, self.view.permission_classes) and {} not in found else found

    def get_override_parameters(self) -> list[Any]:
        more = []
        if self.method == "POST" and self.view.creates:
            more.append(NEEDED_KEY if self.view.needs_key else IDEMPOTENCY_KEY)
        if self.method in self.view.conditional:
            more.append(IF_MATCH)
        return [*super().get_override_parameters(), *more]

    def get_operation(self, *args: Any, **options: Any) -> Any:
        operation = super().get_operation(*args, **options)
        if operation is None:
            return None
        for status, response in operation["responses"].items():
            response["headers"] = {**response.get("headers", {}), **_refs(self._headers(int(status)))}
            response["description"] = response["description"] or "Done"
        for status in self._refusals("requestBody" in operation):
            operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Refusal{status}"})
        operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def _headers(self, status: int) -> list[str]:
        names = list(ON_EVERY)
        if (self.view.conditional and status == 200) or self.view.tagged:
            names.append("ETag")
        if self.method == "POST" and self.view.creates:
            names += ["Idempotency-Replayed", *(["Location"] if self.view.located else [])]
        if self.view.numbered:
            names.append("X-Total-Count")
        return names

    def _refusals(self, has_body: bool) -> set[int]:
        found = {*ALWAYS, *self.view.refusals.get(self.method, ())}
        if self.view.answers_json:
            found.add(406)
        if has_body:
            found |= {413, 415}
        if self.view.authentication_classes:
            found |= {401, 403}
        if "{" in self.path:
            found.add(404)
        if self.method == "POST" and self.view.creates:
            found.add(409)
        if self.method in CHANGING:
            found.add(412)
        return found


class ClosedBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "lyceum.core.serializers.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        schema["description"] = type(self.target).__doc__ or ""
        example = type(self.target).example
        return {**schema, "additionalProperties": False, **({"examples": [example]} if example else {})}


class BooleanField(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "lyceum.core.serializers.StrictBoolean"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "boolean"}


def only_version_one(endpoints: list[Any], **options: Any) -> list[Any]:
    """Document the canonical paths; `/api/…` serves the same."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def finish(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Add the parts that operations point to, and close every object: what is not declared is not answered."""
    components = result["components"]
    _forget_enum_ids(components)
    for schema in components.setdefault("schemas", {}).values():
        if schema.get("properties"):
            schema.setdefault("additionalProperties", False)
    components["schemas"]["Problem"] = PROBLEM
    components["headers"] = HEADERS
    components["responses"] = {f"Refusal{status}": _refusal(status) for status in REFUSALS}
    return result


def _forget_enum_ids(part: Any) -> None:
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        _forget_enum_ids(inner)


def _refusal(status: int) -> dict[str, Any]:
    names = [*ON_EVERY]
    names += ["Retry-After"] if status in (429, 503) else []
    names += ["WWW-Authenticate"] if status == 401 else []
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": REFUSALS[status], "headers": _refs(names), "content": content}
