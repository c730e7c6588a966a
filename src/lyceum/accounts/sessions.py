"""Cookie sessions as rows that people can see and end."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils.translation import gettext as _

from lyceum.accounts.models import Session, User

# In a session: whether it was opened with more than a password.
SECOND_FACTOR_KEY = "second_factor"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        known = Session.objects.filter(pk=self.session_key).first() if self.session_key else None
        row: Any = super().create_model_instance(data)
        row.user_id = data.get("_auth_user_id")
        row.address, row.user_agent = data.get("address", ""), data.get("user_agent", "")
        row.through = data.get("through", "password")
        if known is not None:
            row.public_id, row.created_at = known.public_id, known.created_at
        return row


def open_session(
    request: HttpRequest, user: User, *, keep: bool = True, second_factor: bool = False, through: str = "password"
) -> None:
    """Sign a browser in; without `keep` it forgets that when it is closed. `through` is what the person came with."""
    login(request, user)
    note_second_factor(request, second_factor)
    request.session["through"] = through
    request.session["address"] = str(request.client_address)  # type: ignore[attr-defined]
    request.session["user_agent"] = request.headers.get("User-Agent", "")[:300]
    if user.came_back:
        messages.success(request, _("Welcome back. Your account stays as it was."))
    if not keep:
        request.session.set_expiry(0)


def note_second_factor(request: HttpRequest, was_shown: bool = True) -> None:
    request.session[SECOND_FACTOR_KEY] = was_shown


def has_second_factor(request: HttpRequest) -> bool:
    """Say whether this browser's sign-in was made with more than a password."""
    return bool(request.session.get(SECOND_FACTOR_KEY))


def current_session_id(request: HttpRequest) -> UUID:
    return Session.objects.values_list("public_id", flat=True).get(session_key=request.session.session_key)


def keep_session(request: HttpRequest, user: User) -> None:
    """Keep the browser that changed the password signed in: its session carries a hash of the old one."""
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
