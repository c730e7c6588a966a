"""Single-use tickets that open a WebSocket; they travel as a subprotocol, never in a URL."""

import json
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from lyceum.accounts.tokens import token_hash
from lyceum.core import valkey

LIFETIME = timedelta(seconds=30)


def issue(user_id: UUID, session_id: UUID) -> tuple[str, datetime]:
    ticket = secrets.token_urlsafe(32)
    value = json.dumps({"user": str(user_id), "session": str(session_id)})
    valkey.connection().set(valkey.key("ticket", token_hash(ticket)), value, ex=LIFETIME)
    return ticket, timezone.now() + LIFETIME


async def redeem(ticket: str) -> tuple[UUID, UUID] | None:
    """Use a ticket up; returns the ids of its person and sign-in, or None."""
    [value] = await valkey.ask(("GETDEL", valkey.key("ticket", token_hash(ticket))))
    if value is None:
        return None
    found = json.loads(value)
    return UUID(found["user"]), UUID(found["session"])
