"""What people get, and what is kept, while the bucket of the files is not there."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from lyceum.accounts import avatars, exports
from lyceum.accounts.models import PrivacyJob, User
from lyceum.core import leftovers
from lyceum.core.buckets import BucketStorage, StorageAway
from lyceum.core.testing.api_cases import check_problem
from lyceum.core.testing.buckets import BucketServer
from lyceum.core.testing.fakes import Jobs
from lyceum.messaging import attachments
from lyceum.messaging.models import Attachment
from lyceum.messaging.tests.test_attachments import body_of, picture, put

pytestmark = pytest.mark.django_db
AVATAR = "/api/v1/users/avatar/"


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture(autouse=True)
def at_once(bucket: BucketStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that was away is asked again at once, and files are left behind as soon as no row names them."""
    monkeypatch.setattr("lyceum.core.buckets.AWAY_SECONDS", 0.0)
    monkeypatch.setattr(leftovers, "LEFT_BEHIND", timedelta(minutes=-1))


@pytest.fixture
def refusing(bucket_server: BucketServer) -> Iterator[BucketServer]:
    """The server, which refuses the credentials when it is told to, and keeps what it has."""
    yield bucket_server
    bucket_server.ask_for_credentials(asked=False)


def files() -> list[str]:
    return [
        name for folder in leftovers.listed("attachments")[0] for name in leftovers.listed(f"attachments/{folder}")[1]
    ]


def is_away(answer: Any) -> None:
    check_problem(answer, 503, "unavailable")
    assert answer.json()["detail"] == "Files cannot be reached now. Try again soon."
    assert int(answer["Retry-After"]) >= 1


def test_what_cannot_be_kept_is_refused_and_can_be_sent_again(
    alice_api: APIClient, bucket: BucketStorage, bucket_server: BucketServer
) -> None:
    bucket_server.stop()
    is_away(put(alice_api, picture()))
    is_away(alice_api.put(AVATAR, {"file": _upload()}, format="multipart"))
    assert not Attachment.objects.exists()
    assert not User.objects.exclude(avatar="").exists()
    bucket_server.start()
    bucket.call("create_bucket")
    found = put(alice_api, picture())
    assert found.status_code == 201
    assert body_of(alice_api.get(found.json()["url"])) == picture()


def _upload() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("me.png", picture())


def test_a_file_whose_preview_could_not_be_kept_has_no_row_and_is_swept(
    alice_api: APIClient, refusing: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = BucketStorage._save

    def save_once(self: BucketStorage, name: str, content: Any) -> str:
        kept = save(self, name, content)
        refusing.ask_for_credentials(asked=True)
        return kept

    monkeypatch.setattr(BucketStorage, "_save", save_once)
    is_away(put(alice_api, picture()))
    assert not Attachment.objects.exists()
    refusing.ask_for_credentials(asked=False)
    assert len(files()) == 1
    assert attachments.sweep() == 1
    assert files() == []


def test_reading_waits_for_the_bucket_and_a_lost_file_is_none(
    alice_api: APIClient, alice: User, refusing: BucketServer
) -> None:
    found = put(alice_api, picture()).json()
    alice_api.put(AVATAR, {"file": _upload()}, format="multipart")
    addresses = [found["url"], found["preview_url"], f"/api/v1/users/{alice.pk}/avatar/"]
    refusing.ask_for_credentials(asked=True)
    for address in addresses:
        is_away(alice_api.get(address))
    refusing.ask_for_credentials(asked=False)
    assert [alice_api.get(address).status_code for address in addresses] == [200, 200, 200]
    default_storage.delete(f"attachments/{found['id'].replace('-', '')[-2:]}/{found['id'].replace('-', '')}")
    check_problem(alice_api.get(found["url"]), 404, "not_found")


def test_what_could_not_be_deleted_with_its_row_is_swept(
    alice_api: APIClient, alice: User, refusing: BucketServer, jobs: Jobs, django_capture_on_commit_callbacks: Any
) -> None:
    put(alice_api, picture())
    alice_api.put(AVATAR, {"file": _upload()}, format="multipart")
    export = exports.ask(alice)
    exports.make(export.pk)
    refusing.ask_for_credentials(asked=True)
    with django_capture_on_commit_callbacks(execute=True):
        alice_api.delete(AVATAR)
        exports.forget_files(PrivacyJob.objects.all())
        attachments.discard(attachments.Q())
    refusing.ask_for_credentials(asked=False)
    assert (len(files()), len(leftovers.listed("avatars")[1]), len(leftovers.listed("exports")[1])) == (2, 1, 1)
    assert (attachments.sweep(), avatars.sweep(), exports.sweep()) == (2, 1, 1)


def test_an_export_waits_for_the_bucket(alice: User, refusing: BucketServer, jobs: Jobs) -> None:
    export = exports.ask(alice)
    refusing.ask_for_credentials(asked=True)
    # The queue tries again for hours what is not available.
    with pytest.raises(StorageAway):
        exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == PrivacyJob.State.RUNNING
    refusing.ask_for_credentials(asked=False)
    exports.make(export.pk)
    export.refresh_from_db()
    assert (export.state, export.progress) == (PrivacyJob.State.DONE, 100)
    assert exports.open_file(alice, export.pk).read(2) == b"PK"
