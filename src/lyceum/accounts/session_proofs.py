"""Whether a cookie session is of its person's present password, for the doors beside Django, whose `get_user` asks too.

A password or a key of the server that is changed on the command line ends no session by itself: this does.
"""

from collections.abc import Sequence
from functools import lru_cache
from hmac import compare_digest

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY

from lyceum.accounts.models import User
from lyceum.accounts.sessions import SessionStore

REMEMBERED = 4096


def holds(proof: Sequence[str] | None) -> bool:
    """Say whether a session's data were written for a person's hashed password; what has no proof needs none."""
    if proof is None:
        return True
    session_data, password = proof
    return _was_opened_with(session_data, password, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


# The keys are asked for by name: with other ones the answer is another.
@lru_cache(REMEMBERED)
def _was_opened_with(session_data: str, password: str, *_keys: str | bytes) -> bool:
    kept = SessionStore().decode(session_data).get(HASH_SESSION_KEY)
    user = User(password=password)
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return isinstance(kept, str) and any(compare_digest(kept, one) for one in hashes)
