from typing import Any

PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
                "required": ["field", "code", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "request_id"],
}


def only_version_one(endpoints: list[Any], **options: Any) -> list[Any]:
    """Document the canonical paths; `/api/…` serves the same."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def add_problems(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Say once for every operation that a refusal is a problem document."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    refusal = {
        "description": "A refusal",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["4XX"] = refusal
            operation["responses"]["503"] = refusal
    return result
