import json
import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.renderers import OpenApiJsonRenderer
from openapi_spec_validator import validate

from lyceum.config.urls import openapi
from lyceum.core.api import Door, Unknown

NOT_DOCUMENTED = {"Schema", "Swagger", "Redoc", "Unknown"}


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(openapi(OpenApiJsonRenderer))


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def routed(patterns: Any) -> list[Any]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += routed(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            found.append(getattr(pattern.callback, "view_class", None))
    return found


def test_the_document_is_valid(document: Any) -> None:
    validate(document)


def test_every_routed_method_is_documented_and_nothing_else(document: Any) -> None:
    views = {view for view in routed(get_resolver().url_patterns) if view is not None and issubclass(view, Door)}
    methods = {
        (view.__name__, method)
        for view in views
        if view.__name__ not in NOT_DOCUMENTED
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method)
    }
    documented = {
        ("".join(word.title() for word in one["operationId"].split("_")[1:]), one["operationId"].split("_")[0])
        for _, _, one in operations(document)
    }
    assert documented == methods
    assert len(documented) == len(operations(document))
    assert Unknown in views


def test_every_operation_says_what_it_does_and_how_it_refuses(document: Any) -> None:
    for path, method, one in operations(document):
        assert one["summary"], (path, method)
        assert one["tags"] == [path.split("/")[3]]
        assert {"400", "414", "429", "503"} <= set(one["responses"])
        is_open = one["security"] == [{}] or {} in one["security"]
        assert is_open or "401" in one["responses"]
        assert ("404" in one["responses"]) >= ("{" in path)
        assert {"413", "415"} <= set(one["responses"]) or "requestBody" not in one
        assert any(status.startswith(("2", "3")) for status in one["responses"])


def test_conditions_and_keys_are_parameters(document: Any) -> None:
    def named(path: str, method: str) -> set[str]:
        return {p["name"] for p in document["paths"][path][method].get("parameters", [])}

    assert "Idempotency-Key" in named("/api/v1/chat/conversations/", "post")
    assert "If-Match" in named("/api/v1/users/profile/", "patch")
    profile = document["paths"]["/api/v1/users/profile/"]
    assert "412" in profile["patch"]["responses"]
    assert {"ETag", "RateLimit", "X-Request-ID"} <= set(profile["get"]["responses"]["200"]["headers"])
    refusal = document["components"]["responses"]["Refusal429"]
    assert {"Retry-After", "RateLimit-Policy"} <= set(refusal["headers"])
    assert list(refusal["content"]) == ["application/problem+json"]


def test_what_was_made_and_has_an_address_of_its_own_is_answered_with_it(document: Any) -> None:
    paths = document["paths"]
    made = {path: one["responses"]["201"] for path, method, one in operations(document) if "201" in one["responses"]}
    below = {path: any(re.fullmatch(re.escape(path) + r"{\w+}/", other) for other in paths) for path in made}
    # What is made of a cart is found among the orders.
    below["/api/v1/orders/create_from_cart/"] = True
    without = [path for path in made if below[path] != ("Location" in made[path]["headers"])]
    assert not without, "say `creates` of the door, and `located = False` where nothing is found below it"
    assert sum(below.values()) >= 9
    assert "Location" in paths["/api/v1/users/export/"]["post"]["responses"]["202"]["headers"]
    keyed = {path for path, method, one in operations(document) if "Idempotency-Key" in str(one.get("parameters"))}
    assert keyed >= {path for path in made if below[path]}


def test_every_change_can_be_bound_to_a_state(document: Any) -> None:
    changing = [one for _, method, one in operations(document) if method in ("put", "patch", "delete")]
    assert changing
    assert [one["operationId"] for one in changing if "412" not in one["responses"]] == []


def test_bodies_are_closed_and_their_examples_are_good(document: Any) -> None:
    from jsonschema import Draft202012Validator

    schemas = document["components"]["schemas"]
    bodies = {name: schema for name, schema in schemas.items() if name.endswith("BodyRequest")}
    assert bodies
    assert all(schema["additionalProperties"] is False for schema in bodies.values())
    for schema in schemas.values():
        for example in schema.get("examples", []):
            # A part of the document: what it points to is found in the whole.
            Draft202012Validator({**schema, "components": document["components"]}).validate(example)
