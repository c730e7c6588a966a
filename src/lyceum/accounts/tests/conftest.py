import pytest
from rest_framework.test import APIClient

from lyceum.accounts.models import User

PASSWORD = "Lefroy-salt-lake-7"


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("Alice@Example.org", PASSWORD, first_name="Alice", last_name="Nguyễn")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.org", PASSWORD, first_name="Bob", last_name="Tester")
