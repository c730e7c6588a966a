"""Fixtures of the test kit, for every test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from rest_framework.test import APIClient

from lyceum.core import jobs as core_jobs
from lyceum.core.buckets import BucketStorage
from lyceum.core.testing.buckets import BucketServer
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.core.testing.people import client_of, make_person


@pytest.fixture
def alice(db: None) -> Any:
    return make_person("alice")


@pytest.fixture
def bob(db: None) -> Any:
    return make_person("bob")


@pytest.fixture
def charlie(db: None) -> Any:
    return make_person("charlie")


@pytest.fixture
def priya(db: None) -> Any:
    return make_person("priya", is_staff=True)


@pytest.fixture
def api(db: None) -> APIClient:
    """A client of nobody."""
    return APIClient()


@pytest.fixture
def alice_api(alice: Any) -> APIClient:
    return client_of(alice)


@pytest.fixture
def bob_api(bob: Any) -> APIClient:
    return client_of(bob)


@pytest.fixture
def charlie_api(charlie: Any) -> APIClient:
    return client_of(charlie)


@pytest.fixture
def staff_api(priya: Any) -> APIClient:
    return client_of(priya)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Keep jobs in the test instead of the queue."""
    fake = Jobs()
    monkeypatch.setattr(core_jobs, "enqueue", fake.enqueue)
    return fake


@pytest.fixture
def push_service(settings: Any) -> Iterator[Outside]:
    """A push service on this machine, which the operator allows to be called."""
    with serving(Reply(201)) as outside:
        settings.OUTBOUND_ALLOWED_HOSTS = [outside.host]
        yield outside


@pytest.fixture(scope="session")
def _bucket_server() -> Iterator[BucketServer]:
    server = BucketServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket_server(_bucket_server: BucketServer) -> Iterator[BucketServer]:
    """An S3 server that a test may kill: the next one finds it running again."""
    yield _bucket_server
    _bucket_server.revive()


@pytest.fixture
def bucket(bucket_server: BucketServer, settings: Any) -> BucketStorage:
    """Keep files in a new bucket instead of a folder."""
    options = bucket_server.options()
    default = {"BACKEND": "lyceum.core.buckets.BucketStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    storage = storages["default"]
    assert isinstance(storage, BucketStorage)
    storage.call("create_bucket")
    return storage


@pytest.fixture(params=["folder", "bucket"])
def each_storage(request: pytest.FixtureRequest) -> None:
    """Run a test with files in a folder, and again with files in a bucket."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")
