"""The protocol document, generated from the registered frames."""

from functools import cache
from typing import Any

import msgspec

from lyceum.realtime import registry

UUID_TEXT = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}
WHOLE = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
OBJECT = {"type": "object"}
# Every frame that the server sends: its own fields, beside `type`, `timestamp` and, where it is about one,
# `conversation`.
SERVER_FRAMES: dict[str, dict[str, Any]] = {
    "connection_established": {"session_id": TEXT, "sequence": WHOLE, "user": OBJECT, "message": TEXT},
    "user_message_received": {
        "message_id": UUID_TEXT,
        "client_id": {"type": ["string", "null"]},
        "sequence": WHOLE,
        "content": TEXT,
    },
    "message": {"message": OBJECT},
    "message_edited": {"message": OBJECT},
    "message_deleted": {"message_id": UUID_TEXT, "sequence": WHOLE},
    "reaction": {
        "message_id": UUID_TEXT,
        "emoji": TEXT,
        "user": UUID_TEXT,
        "added": {"type": "boolean"},
        "reactions": {"type": "array", "items": OBJECT},
    },
    "resumed": {"from": WHOLE, "to": WHOLE, "count": WHOLE},
    "reload": {"count": WHOLE},
    "typing_indicator": {"user": UUID_TEXT, "is_typing": {"type": "boolean"}},
    "read_receipt": {"user": UUID_TEXT, "sequence": WHOLE},
    "presence": {"user": UUID_TEXT, "state": TEXT, "last_seen": {"type": ["string", "null"]}},
    "presence_snapshot": {"users": {"type": "array", "items": OBJECT}},
    "member_added": {"user": OBJECT, "role": TEXT, "by": UUID_TEXT},
    "member_removed": {"user": UUID_TEXT, "by": UUID_TEXT},
    "conversation_added": {"details": OBJECT},
    "conversation_updated": {"changes": OBJECT},
    "pong": {},
    "heartbeat": {},
    "draining": {"reconnect_in": {"type": "number"}},
    "error": {"code": TEXT, "message": TEXT},
}


def _server_message(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    head = {"type": {"const": name}, "timestamp": TIME}
    return {
        "name": name,
        "payload": {
            "type": "object",
            "properties": {**head, **fields, "conversation": UUID_TEXT},
            "required": ["type", "timestamp", *fields],
        },
    }


@cache
def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.1 document of both sockets."""
    frames = [found.frame for found in registry.commands.values()]
    schemas, components = msgspec.json.schema_components(frames, ref_template="#/components/schemas/{name}")
    client = {name: {"name": name, "payload": schema} for name, schema in zip(registry.commands, schemas, strict=True)}
    server = {name: _server_message(name, fields) for name, fields in SERVER_FRAMES.items()}
    messages = {
        **{f"client_{name}": message for name, message in client.items()},
        **{f"server_{name}": message for name, message in server.items()},
    }
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    channels = {"all": {"address": "/ws/", "messages": references}}
    one = {"address": "/ws/chat/{conversation}/", "parameters": {"conversation": {}}, "messages": references}
    channels["one"] = one

    def operation(action: str, channel: str, side: str) -> dict[str, Any]:
        chosen = [{"$ref": f"#/channels/{channel}/messages/{n}"} for n in messages if n.startswith(side)]
        return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": chosen}

    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Lyceum real time", "version": "1"},
        "channels": channels,
        "operations": {
            f"{action}_{channel}": operation(action, channel, side)
            for channel in channels
            for action, side in (("receive", "client"), ("send", "server"))
        },
        "components": {"schemas": components, "messages": messages},
    }
