import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from lyceum.core import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_leaving", "_schema_fits"):
        monkeypatch.setattr(health, name, threading.Event())


def test_a_process_lives_without_asking_anybody(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_it_is_ready_with_database_cache_and_schema(client: Client) -> None:
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "connected", "cache": "connected", "migrations": "applied"}


def test_it_is_not_ready_before_the_schema_is(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'core'")
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["migrations"]) == ("not ready", "pending")


def test_it_is_not_ready_without_valkey(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "live_answers", lambda: False)
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["cache"]) == ("connected", "unavailable")


def test_it_is_not_ready_while_it_drains_and_still_lives(client: Client) -> None:
    health.begin_draining()
    answer = client.get("/health/ready/")
    assert (answer.status_code, answer.json()["reason"]) == (503, "draining")
    assert client.get("/health/").status_code == 200
