"""What a passkey signs: each challenge is good once, for five minutes, and for what and whom it was made."""

import json
import secrets
from datetime import timedelta
from typing import Any

from lyceum.core import valkey

LIFETIME = timedelta(minutes=5)


def keep(state: dict[str, Any], *, purpose: str, holder: object) -> str:
    """Remember a challenge and return its token; `holder` is the sign-in or the browser that may answer."""
    token = secrets.token_urlsafe(32)
    kept = json.dumps({"state": state, "purpose": purpose, "holder": str(holder)})
    valkey.connection().set(valkey.key("challenge", token), kept, ex=LIFETIME)
    return token


def take(token: str, *, purpose: str, holder: object) -> dict[str, Any] | None:
    """Use a challenge up; None for one that is unknown, used, too old, or was made for something or somebody else."""
    found: Any = valkey.connection().getdel(valkey.key("challenge", token))
    if found is None:
        return None
    kept = json.loads(found)
    is_theirs = kept["purpose"] == purpose and secrets.compare_digest(kept["holder"], str(holder))
    return dict(kept["state"]) if is_theirs else None
