"""Frames held against the protocol document of the server that sent them."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

HEARD: set[str] = set()


def closed(schema: Any) -> Any:
    """Return the schema with every object closed, so that a field that the document does not know is found."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


class Protocol:
    """The document of one server, as a judge of frames."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._components = closed(document["components"])
        self._judge = cache(self._make_judge)

    def _make_judge(self, message: str) -> Draft202012Validator:
        reference = f"#/components/messages/{message}/payload"
        return Draft202012Validator({"$ref": reference, "components": self._components}, format_checker=FormatChecker())

    def check(self, frame: dict[str, Any], *, side: str = "server") -> None:
        """Raise when the frame is not as documented."""
        name = f"{side}_{frame.get('type', 'user_message')}"
        assert name in self._components["messages"], f"{name} is not in the document"
        self._judge(name).validate(frame)
        HEARD.add(name)
