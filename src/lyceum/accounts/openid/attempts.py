"""A sign-in that has gone to the provider: kept ten minutes under its state, for one browser and one return."""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256

from lyceum.accounts.tokens import token_hash
from lyceum.core import valkey

SECONDS = 600


@dataclass(frozen=True)
class Attempt:
    """`user_id` is empty, or whose account is to be linked; `browser` is the hash of what its cookie holds.

    `again_at` is when a person who is signed in was sent to show there who they are, else nothing.
    """

    nonce: str
    verifier: str
    browser: str
    goal: str
    user_id: str = ""
    again_at: float = 0

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def begin(*, browser: str, goal: str, user_id: str = "", is_again: bool = False) -> tuple[str, Attempt]:
    """Keep a new attempt, and return it with its state."""
    state = secrets.token_urlsafe(32)
    again_at = time.time() if is_again else 0
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    attempt = Attempt(nonce, verifier, token_hash(browser), goal, user_id, again_at)
    valkey.connection().set(valkey.key("openid", token_hash(state)), json.dumps(asdict(attempt)), ex=SECONDS)
    return state, attempt


def take(state: str, *, browser: str) -> Attempt | None:
    """Return the attempt of a state, once, and to the browser that began it alone."""
    found = valkey.connection().getdel(valkey.key("openid", token_hash(state)))
    attempt = Attempt(**json.loads(found)) if found else None
    return attempt if attempt is not None and attempt.browser == token_hash(browser) else None
