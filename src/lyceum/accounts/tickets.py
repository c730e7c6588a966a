"""Single-use tickets that open a WebSocket; they travel as a subprotocol, never in a URL."""

import json
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from lyceum.accounts.tokens import token_hash
from lyceum.core import valkey

LIFETIME = timedelta(seconds=30)


def issue(user_id: UUID, session_id: UUID, granted: Collection[str] | None = None) -> tuple[str, datetime]:
    """Make a ticket; `granted` are the scopes of the key or app that asks, None for a person's own sign-in."""
    ticket = secrets.token_urlsafe(32)
    scopes = None if granted is None else sorted(granted)
    value = json.dumps({"user": str(user_id), "session": str(session_id), "scopes": scopes})
    valkey.connection().set(valkey.key("ticket", token_hash(ticket)), value, ex=LIFETIME)
    return ticket, timezone.now() + LIFETIME


async def redeem(ticket: str) -> tuple[UUID, UUID, frozenset[str] | None] | None:
    """Use a ticket up; returns the ids of its person and sign-in with what was granted, or None."""
    [value] = await valkey.ask(("GETDEL", valkey.key("ticket", token_hash(ticket))))
    if value is None:
        return None
    found = json.loads(value)
    scopes = found.get("scopes")
    return UUID(found["user"]), UUID(found["session"]), None if scopes is None else frozenset(scopes)
