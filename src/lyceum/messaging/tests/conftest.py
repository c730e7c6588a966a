import pytest

from lyceum.accounts.models import User


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org", "x", first_name=name.title(), last_name="Tester")


@pytest.fixture
def people(db: None) -> tuple[User, User, User]:
    return person("alice"), person("bob"), person("charlie")
