"""The one JSON reader and writer: strict about depth, keys, doubles, numbers and characters."""

import json
from typing import Any

import msgspec
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from lyceum.core.errors import DomainError

MAX_DEPTH = 32
MAX_KEYS = 1000
SAFE = 2**53
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class MalformedBody(DomainError):
    code, title = "malformed_body", "The body is not JSON that can be read."


def _check_depth(text: str) -> None:
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedBody(f"Nested deeper than {MAX_DEPTH} levels.")
        elif character in "]}":
            depth -= 1


def _parse_plain(text: str) -> dict[str, Any] | None:
    """Read a flat object of texts, small numbers and words; None where only the strict reader can tell.

    Without escapes each text in it has two quotes: more of them than its keys and texts need are a key that stands
    twice.
    """
    if "\\" in text or text.count("{") + text.count("[") > 2 or not text.isprintable():
        return None
    try:
        found = _decoder.decode(text)
    except msgspec.DecodeError:
        return None
    if type(found) is not dict or len(found) > MAX_KEYS:
        return None
    quotes = 2 * len(found)
    for value in found.values():
        kind = type(value)
        if kind is str:
            quotes += 2
        elif not (value is None or kind is bool or (kind is int and -SAFE < value < SAFE)):
            return None
    return found if text.count('"') == quotes else None


def parse(data: bytes | str) -> Any:
    """Read JSON; raises MalformedBody for what RFC 8259 readers differ on or what is too deep or too wide."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as err:
        raise MalformedBody("The body is not UTF-8.") from err
    if (plain := _parse_plain(text)) is not None:
        return plain
    # The common flat body needs no walk over its characters.
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(text)
    keys = 0

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal keys
        keys += len(pairs)
        if keys > MAX_KEYS:
            raise MalformedBody(f"More than {MAX_KEYS} keys.")
        found = dict(pairs)
        if len(found) != len(pairs):
            raise MalformedBody("A key stands twice in one object.")
        return found

    def refuse(name: str) -> Any:
        raise MalformedBody(f"{name} is not a JSON number.")

    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=refuse)
    except (ValueError, RecursionError) as err:
        raise MalformedBody from err


def dump(value: Any) -> bytes:
    """Write JSON with times in UTC as RFC 3339 (`Z`) and UUIDs as text."""
    return _encoder.encode(value)


def has_lone_surrogate(text: str) -> bool:
    return not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text)


def refuse_compressed(parser_context: Any) -> None:
    request = (parser_context or {}).get("request")
    if request is not None and request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("compressed body")


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        refuse_compressed(parser_context)
        return parse(stream.read())


class FastJSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dump(data)
