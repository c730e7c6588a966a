from collections.abc import Callable

import pytest

from lyceum.accounts.models import User
from lyceum.search.indexing import Indexer


def person(name: str) -> User:
    # Nobody signs in here, so nobody pays for the hash of a password.
    return User.objects.create(email=f"{name}@example.org", password="!", first_name=name.title(), last_name="Tester")


@pytest.fixture
def people(db: None) -> tuple[User, User, User]:
    return person("alice"), person("bob"), person("charlie")


@pytest.fixture
def index_now(index: Indexer) -> Callable[[], None]:
    """Bring the index to what the database says."""
    return index.catch_up
