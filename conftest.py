"""Fixtures that every test may use; the servers are those of `lyceum with-servers`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lyceum.core import valkey

pytest_plugins = ["lyceum.core.testing.fixtures", "tests.opensearch", "lyceum.search.testing"]


@pytest.fixture(autouse=True)
def own_valkey_keys(settings: Any, worker_id: str) -> Iterator[None]:
    """Keep each worker's keys apart, and begin each test without any."""
    settings.REDIS_PREFIX = f"test-{worker_id}-{os.getpid()}:"
    yield
    client = valkey.connection()
    for key in client.scan_iter(f"{settings.REDIS_PREFIX}*"):
        client.delete(key)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords by the same algorithm with the least work: a real hash takes 100 MiB and a tenth of a second."""
    from lyceum.accounts.hashers import BoundedArgon2PasswordHasher

    for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
        monkeypatch.setattr(BoundedArgon2PasswordHasher, name, value)


@pytest.fixture(autouse=True)
def no_group_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of groups with a profile of limits is nothing, and asks no query of a test."""
    from lyceum.accounts import limit_profiles

    monkeypatch.setattr(limit_profiles, "_remembered", (float("inf"), {}))


@pytest.fixture(autouse=True)
def own_media(settings: Any, tmp_path: Path) -> None:
    """Keep what a test stores in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
