"""Who asks for a page, and from where."""

from typing import cast

from django.http import HttpRequest

from lyceum.accounts.models import User


def person_of(request: HttpRequest) -> User:
    """Return who is signed in, on pages that nobody else gets."""
    return cast(User, request.user)


def address_of(request: HttpRequest) -> str:
    return str(request.client_address)  # type: ignore[attr-defined]
