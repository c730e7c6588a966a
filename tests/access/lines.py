"""The lines of `access.yaml`, and the operations that there are."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.renderers import OpenApiJsonRenderer

from lyceum.config.urls import openapi
from lyceum.core.api import Door

FILE = Path(__file__).with_name("access.yaml")
# What is no operation: the documents themselves, their pages, and every address that is none.
NO_OPERATION = {"Schema", "Swagger", "Redoc", "Unknown"}
CLASSES = {"public", "person", "own", "kept", "member", "writer", "moderator", "owner", "ended", "signed", "staff"}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Line:
    name: str
    kind: str
    body: Any = None
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    answers: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: dict[str, Any] | None

    @property
    def is_write(self) -> bool:
        return self.method != "get"


def _line(name: str, given: Any) -> Line:
    fields = dict(given) if isinstance(given, dict) else {"for": given}
    kind = fields.pop("for")
    assert kind in CLASSES, f"{name} in {FILE.name} is for {kind}, which is no class: {', '.join(sorted(CLASSES))}"
    return Line(name, kind, **{**fields, "answers": tuple(fields.get("answers", ()))})


@cache
def lines(section: str) -> dict[str, Line]:
    found = yaml.safe_load(FILE.read_text())[section]
    return {name: _line(name, given) for name, given in found.items()}


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openapi(OpenApiJsonRenderer))
    return found


def _body(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    reference = content["schema"].get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document()["components"]["schemas"].get(reference, content["schema"])
    return found


@cache
def documented() -> dict[str, Operation]:
    return {
        one["operationId"]: Operation(method, path, _body(one))
        for path, methods in document()["paths"].items()
        for method, one in methods.items()
    }


def _doors(patterns: Any, prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for pattern in patterns:
        at = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            found += _doors(pattern.url_patterns, at)
        elif isinstance(pattern, URLPattern):
            found.append((at, getattr(pattern.callback, "view_class", None)))
    return found


def routed() -> set[tuple[str, str]]:
    """Return the method and the class of every door that an address leads to."""
    return {
        (method, view.__name__)
        for at, view in _doors(get_resolver().url_patterns)
        if isinstance(view, type) and issubclass(view, Door) and view.__name__ not in NO_OPERATION
        for method in METHODS
        if hasattr(view, method)
    }


def undoored() -> set[str]:
    """Return addresses of the API behind which stands something else than a door."""
    return {
        at
        for at, view in _doors(get_resolver().url_patterns)
        if at.startswith("api/") and not (isinstance(view, type) and issubclass(view, Door))
    }
