"""Three people for tests: alice owns, bob shares, charlie is a stranger; and priya of the staff."""

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework.test import APIClient


def make_person(name: str, *, password: str | None = None, **fields: Any) -> Any:
    """Create a person; without a password nothing is hashed, which is dear."""
    people: Any = get_user_model().objects
    names = {"first_name": name.title(), "last_name": "Tester", **fields}
    return people.create_user(f"{name}@example.org", password, **names)


def client_of(person: Any) -> APIClient:
    """Return a client that is signed in as the person, whatever the way."""
    client = APIClient()
    client.force_authenticate(person)
    return client
