"""The protocol document, generated from the models of the frames."""

from functools import cache
from typing import Any

import msgspec

from lyceum.realtime import frames, registry  # noqa: F401  # `frames` registers its models

TIME = {"type": "string", "format": "date-time"}
LIMITS = (
    "JSON text frames of at most 128 KiB, 10 a second with a burst of 30. Close codes: 1012 restart or maximum age, "
    "4400 not our protocol, 4401 not signed in or no longer, 4403 not yours, 4408 too slow a reader, "
    "4409 frame too large or binary, 4429 too many frames or connections."
)
CHANNELS: dict[str, dict[str, Any]] = {
    "all": {
        "address": "/ws/",
        "description": "All conversations and topics of a person; frames about one carry `conversation`.",
    },
    "one": {
        "address": "/ws/chat/{conversation}/",
        "description": "One conversation.",
        "parameters": {"conversation": {"description": "The id of the conversation."}},
    },
}


def _summary(model: Any) -> dict[str, str]:
    text = (model.__doc__ or "").strip()
    # TypedDict and Struct have words of their own where a model has none.
    return {"summary": text.split("\\n")[0]} if text and "dict(" not in text else {}


def _typed(schema: dict[str, Any], name: str, *, is_from_server: bool) -> dict[str, Any]:
    """Add the envelope; a client may leave `type` out where the frame is a message."""
    envelope: dict[str, Any] = {"type": {"const": name}, **({"timestamp": TIME} if is_from_server else {})}
    required = list(schema.get("required", []))
    if is_from_server:
        required = ["type", "timestamp", *required]
    elif name != "user_message":
        required = ["type", *required]
    kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {**kept, "properties": {**envelope, **schema.get("properties", {})}, "required": required}


def _messages() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the messages of both sides and the schemas that they share."""
    client = {name: found.frame for name, found in registry.commands.items()}
    models = [*client.values(), *registry.server_frames.values()]
    _, schemas = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    messages = {}
    for side, known in (("client", client), ("server", registry.server_frames)):
        for name, model in known.items():
            schema = schemas[model.__name__]
            payload = _typed(schema, name, is_from_server=side == "server")
            messages[f"{side}_{name}"] = {"name": name, **_summary(model), "payload": payload}
    for model in models:
        schemas.pop(model.__name__, None)
    return messages, schemas


@cache
def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.1 document of both sockets."""
    messages, schemas = _messages()
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}

    def operation(action: str, channel: str, side: str) -> dict[str, Any]:
        chosen = [{"$ref": f"#/channels/{channel}/messages/{n}"} for n in messages if n.startswith(side)]
        return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": chosen}

    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Lyceum real time", "version": "1", "description": LIMITS},
        "defaultContentType": "application/json",
        "channels": {name: {**channel, "messages": references} for name, channel in CHANNELS.items()},
        "operations": {
            f"{action}_{channel}": operation(action, channel, side)
            for channel in CHANNELS
            for action, side in (("receive", "client"), ("send", "server"))
        },
        "components": {"schemas": schemas, "messages": messages},
    }
