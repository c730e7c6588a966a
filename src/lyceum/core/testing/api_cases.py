"""The dull tests of a door, by inheritance: say where it is and what it takes.

A class of tests inherits a case and sets its attributes; a path that needs rows overrides the fixture `path`.
"""

import gzip
import json
from typing import Any, ClassVar

import pytest
from rest_framework.test import APIClient

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_KEYS = {"type", "title", "status", "detail", "instance", "code", "errors", "request_id"}


def check_problem(answer: Any, status: int, code: str) -> None:
    """Assert that an answer is a whole problem document with this status and code."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) == PROBLEM_KEYS
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def field_codes(answer: Any) -> set[tuple[str, str]]:
    """Return the pairs of field and code of a refusal."""
    assert answer.status_code == 400, answer.content
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


class DoorCases:
    """Any door: who may come in, and by which methods."""

    url: ClassVar[str] = ""
    methods: ClassVar[tuple[str, ...]] = ("GET",)
    is_open: ClassVar[bool] = False
    answers_json: ClassVar[bool] = True

    @pytest.fixture
    def path(self) -> str:
        return self.url

    def test_who_is_not_signed_in_is_asked_to(self, api: APIClient, path: str) -> None:
        for method in self.methods:
            answer = api.generic(method, path)
            assert (answer.status_code == 401) != self.is_open
            if not self.is_open:
                check_problem(answer, 401, "not_authenticated")
                assert answer["WWW-Authenticate"] == 'Bearer realm="lyceum"'

    def test_other_methods_are_refused_and_told(self, alice_api: APIClient, path: str) -> None:
        for method in set(METHODS) - set(self.methods):
            answer = alice_api.generic(method, path)
            check_problem(answer, 405, "method_not_allowed")
            assert set(self.methods) <= set(answer["Allow"].split(", "))

    def test_who_accepts_no_json_gets_406(self, alice_api: APIClient, path: str) -> None:
        answer = alice_api.generic(self.methods[0], path, headers={"Accept": "text/csv"})
        if self.answers_json:
            check_problem(answer, 406, "not_acceptable")
        else:
            assert answer.status_code != 406

    def test_the_address_without_a_version_is_the_same_door(self, alice_api: APIClient, path: str) -> None:
        alias = path.replace("/api/v1/", "/api/")
        assert alice_api.options(alias)["Allow"] == alice_api.options(path)["Allow"]


class BodyCases(DoorCases):
    """A door that takes a JSON object. `body` is a good one; `types` are its fields with a value of a wrong type."""

    method: ClassVar[str] = "POST"
    body: ClassVar[dict[str, Any]] = {}
    required: ClassVar[tuple[str, ...]] = ()
    types: ClassVar[dict[str, Any]] = {}

    def send(self, client: APIClient, path: str, body: Any) -> Any:
        return client.generic(self.method, path, json.dumps(body), content_type="application/json")

    def test_a_field_that_is_not_known_is_refused(self, alice_api: APIClient, path: str) -> None:
        found = field_codes(self.send(alice_api, path, {**self.body, "id": "x", "is_staff": True}))
        assert found >= {("id", "unknown_field"), ("is_staff", "unknown_field")}

    def test_every_missing_field_is_told_at_once(self, alice_api: APIClient, path: str) -> None:
        if self.required:
            found = field_codes(self.send(alice_api, path, {}))
            assert found >= {(name, "required") for name in self.required}

    def test_no_type_is_converted(self, alice_api: APIClient, path: str) -> None:
        found = field_codes(self.send(alice_api, path, {**self.body, **self.types}))
        assert found >= {(name, "invalid_type") for name in self.types}

    def test_a_body_that_cannot_be_read_is_malformed(self, alice_api: APIClient, path: str) -> None:
        for text in ("{", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 40 + "]" * 40):
            answer = alice_api.generic(self.method, path, text, content_type="application/json")
            check_problem(answer, 400, "malformed_body")
        assert self.send(alice_api, path, ["list"]).status_code == 400

    def test_other_kinds_of_bodies_are_415(self, alice_api: APIClient, path: str) -> None:
        text = json.dumps(self.body)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            check_problem(alice_api.generic(self.method, path, text, kind), 415, "unsupported_media_type")
        headers = {"Content-Encoding": "gzip"}
        packed: Any = gzip.compress(text.encode())
        answer = alice_api.generic(self.method, path, packed, "application/json", headers=headers)
        check_problem(answer, 415, "unsupported_media_type")

    def test_a_body_over_one_mebibyte_is_413(self, alice_api: APIClient, path: str) -> None:
        answer = self.send(alice_api, path, {"filler": "x" * 1024 * 1024})
        check_problem(answer, 413, "body_too_large")


class NumberedPageCases(DoorCases):
    """A list that people browse by `page` and `page_size`."""

    def test_a_page_has_its_count_and_links(self, alice_api: APIClient, path: str) -> None:
        answer = alice_api.get(path, {"page_size": 1})
        assert set(answer.json()) == {"results", "next", "previous", "count"}
        assert answer["X-Total-Count"] == str(answer.json()["count"])

    def test_pages_out_of_bounds_are_refused(self, alice_api: APIClient, path: str) -> None:
        for query, code in (
            ({"page": 0}, "too_small"),
            ({"page": "x"}, "invalid"),
            ({"page_size": 0}, "too_small"),
            ({"page_size": 101}, "too_large"),
        ):
            assert field_codes(alice_api.get(path, query)) == {(next(iter(query)), code)}


class KeysetPageCases(DoorCases):
    """A list that grows, paged by `limit` and `cursor`."""

    def test_limits_and_cursors_out_of_bounds_are_refused(self, alice_api: APIClient, path: str) -> None:
        for query in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "%%%"}):
            answer = alice_api.get(path, query)
            assert {field for field, _ in field_codes(answer)} == set(query)
