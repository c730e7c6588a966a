"""Files in a bucket of a real S3 server, and what happens when it is not there."""

import io
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils import timezone
from urllib3 import HTTPResponse

from lyceum.core import buckets, leftovers
from lyceum.core.buckets import MEGABYTE, BucketStorage, StorageAway
from lyceum.core.testing.buckets import BucketServer

DATA = os.urandom(9 * MEGABYTE)


@pytest.fixture
def asked(bucket: BucketStorage) -> Iterator[list[int]]:
    """How many bytes each read of the bucket took."""
    sizes: list[int] = []

    def note(parsed: dict[str, Any], **more: Any) -> None:
        sizes.append(parsed["ContentLength"])

    bucket._client.meta.events.register("after-call.s3.GetObject", note, unique_id="test")
    yield sizes
    bucket._client.meta.events.unregister("after-call.s3.GetObject", unique_id="test")


class Interrupted(io.BytesIO):
    """A file in the middle of which something happens."""

    def __init__(self, data: bytes, happens: Callable[[], None], *, reading: int = 1) -> None:
        super().__init__(data)
        self._happens, self._middle, self._readings_left = happens, len(data) // 2, reading

    def read(self, size: int | None = -1) -> bytes:
        self._readings_left -= self.tell() == 0
        found = super().read(size)
        if self.tell() > self._middle and not self._readings_left:
            self._happens()
        return found


def test_a_file_is_kept_read_and_deleted(bucket: BucketStorage) -> None:
    assert default_storage.save("a/b/one.bin", ContentFile(DATA)) == "a/b/one.bin"
    with default_storage.open("a/b/one.bin") as file:
        assert (file.size, file.read()) == (len(DATA), DATA)
    default_storage.save("a/two", ContentFile(b""))
    with default_storage.open("a/two") as empty:
        assert (empty.size, empty.read()) == (0, b"")
    assert default_storage.listdir("") == (["a"], [])
    assert default_storage.listdir("a") == (["b"], ["two"])
    assert abs(default_storage.get_modified_time("a/two") - timezone.now()) < timedelta(minutes=1)
    for _ in range(2):
        default_storage.delete("a/b/one.bin")
    assert (default_storage.exists("a/two"), default_storage.exists("a/b/one.bin")) == (True, False)
    with pytest.raises(FileNotFoundError):
        default_storage.open("a/b/one.bin")
    with pytest.raises(FileNotFoundError):
        default_storage.size("a/b/one.bin")


def test_a_second_file_of_a_name_takes_the_place_of_the_first(bucket: BucketStorage) -> None:
    for text in (b"first", b"second"):
        default_storage.save("notes", ContentFile(text))
    with default_storage.open("notes") as file:
        assert file.read() == b"second"
    assert default_storage.listdir("")[1] == ["notes"]


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"region": "eu-central-1"}, "https://notes.s3.eu-central-1.amazonaws.com/lyceum/map"),
        (
            {"endpoint": "https://objects.example", "addressing": "path", "region": "us-east-1"},
            "https://objects.example/notes/lyceum/map",
        ),
        (
            {"endpoint": "https://objects.example", "addressing": "virtual", "region": "nl-1"},
            "https://notes.objects.example/lyceum/map",
        ),
    ],
)
def test_a_file_is_where_its_kind_of_server_looks_for_it(options: dict[str, str], address: str) -> None:
    storage = BucketStorage("notes", prefix="lyceum/", key="k", secret="s", **options)
    asked = []

    def answer(request: Any, **more: Any) -> AWSResponse:
        asked.append(request.url)
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(), preload_content=False))

    storage._client.meta.events.register("before-send.s3.HeadObject", answer)
    assert storage.exists("map")
    assert asked == [address]


def test_without_a_key_the_sdk_looks_for_one(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_SHARED_CREDENTIALS_FILE": "/none", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    none = BucketStorage(**bucket_server.options(key="", secret=""))
    assert away(lambda: none.save("one", ContentFile(b"x"))) == "There are no credentials for it."
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    # In other words, for what the SDK found is remembered with the client.
    assert not bucket_server.make(key="", secret="", addressing="auto").exists("one")


def test_no_address_of_a_file_is_given_away(bucket: BucketStorage) -> None:
    with pytest.raises(NotImplementedError):
        default_storage.url("one")


def test_the_bucket_of_the_operator_needs_no_permission_to_be_called(bucket: BucketStorage, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = []
    default_storage.save("notes", ContentFile(b"x"))
    assert default_storage.exists("notes")


def test_a_part_is_asked_for_and_not_the_whole(bucket: BucketStorage, asked: list[int]) -> None:
    default_storage.save("long", ContentFile(DATA))
    with default_storage.open("long") as file:
        file.seek(5 * MEGABYTE)
        assert file.read(1000) == DATA[5 * MEGABYTE :][:1000]
        file.seek(-10, io.SEEK_END)
        assert file.read() == DATA[-10:]
    assert asked == [buckets.FIRST_WINDOW, buckets.FIRST_WINDOW, 10]


def test_a_long_file_is_read_in_windows_that_fit_into_memory(bucket: BucketStorage) -> None:
    default_storage.save("long", ContentFile(DATA * 3))
    with default_storage.open("long") as file:
        tracemalloc.start()
        read = sum(len(piece) for piece in iter(lambda: file.read(64 * 1024), b""))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert read == 3 * len(DATA)
    assert most < 3 * buckets.LAST_WINDOW


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "WHOLE", MEGABYTE)
    monkeypatch.setattr(buckets, "PART", 5 * MEGABYTE)


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_goes_in_parts_and_is_there_as_a_whole(bucket: BucketStorage) -> None:
    default_storage.save("large", ContentFile(DATA))
    with default_storage.open("large") as file:
        assert file.read() == DATA


def test_a_file_that_is_deleted_while_it_is_read_breaks_off(bucket: BucketStorage) -> None:
    default_storage.save("long", ContentFile(DATA))
    with default_storage.open("long") as file:
        assert file.read(1000) == DATA[:1000]
        default_storage.delete("long")
        assert away(file.read) == "The file was deleted while it was read."


def unfinished(bucket: BucketStorage) -> int:
    return len(bucket.call("list_multipart_uploads").get("Uploads", []))


@pytest.mark.usefixtures("small_parts")
def test_of_a_large_file_that_breaks_off_nothing_is_left(bucket: BucketStorage) -> None:
    def break_off() -> None:
        assert unfinished(bucket) == 1
        raise MemoryError

    with pytest.raises(MemoryError):
        default_storage.save("large", File(Interrupted(DATA, break_off), "large"))
    assert (unfinished(bucket), default_storage.exists("large")) == (0, False)


def test_parts_that_a_killed_process_left_are_taken_back_after_a_day(
    bucket: BucketStorage,
) -> None:
    bucket.call("create_multipart_upload", Key=bucket.key("large"))
    # This server says of every upload that it began in 2010.
    assert (bucket.forget_unfinished(datetime(2009, 1, 1, tzinfo=UTC)), unfinished(bucket)) == (0, 1)
    assert (leftovers.forget_unfinished(), unfinished(bucket)) == (1, 0)


def away(act: Callable[[], Any]) -> str:
    with pytest.raises(StorageAway) as told:
        act()
    assert (told.value.code, told.value.status, told.value.retry_after) == ("unavailable", 503, buckets.AWAY_SECONDS)
    return told.value.reason


def every_act(storage: BucketStorage) -> list[Callable[[], Any]]:
    return [
        lambda: storage.save("one", ContentFile(b"x")),
        lambda: storage.open("one"),
        lambda: storage.listdir(""),
        lambda: storage.exists("one"),
        lambda: storage.delete("one"),
        lambda: storage.get_modified_time("one"),
        lambda: storage.forget_unfinished(timezone.now()),
    ]


def test_a_server_that_refuses_the_credentials_is_away(bucket: BucketStorage, bucket_server: BucketServer) -> None:
    bucket_server.ask_for_credentials(asked=True)
    assert {away(act) for act in every_act(bucket)[:3]} == {"It refuses the credentials (InvalidAccessKeyId)."}
    assert {away(act)[:11] for act in every_act(bucket)} == {"It refuses "}


def test_an_address_that_the_sdk_refuses_to_call_is_away() -> None:
    storage = BucketStorage("notes", endpoint="http://minio_1:9000", region="us-east-1", key="k", secret="s")
    assert {away(act) for act in every_act(storage)} == {"Its address or its region cannot be right."}


def test_a_bucket_that_is_not_there_is_away_and_not_empty(bucket_server: BucketServer) -> None:
    storage = BucketStorage(**bucket_server.options())
    acts = every_act(storage)
    assert {away(acts[number]) for number in (0, 1, 2, 4, 6)} == {"There is no bucket of this name."}


def test_a_server_that_dies_amid_an_upload_is_told_and_keeps_nothing(
    bucket: BucketStorage, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_storage.save("one", ContentFile(b"x"))
    # The first reading makes the digest that is signed, the second sends.
    two = File(Interrupted(DATA, bucket_server.stop, reading=2), "two")
    assert "It does not answer" in away(lambda: default_storage.save("two", two))
    assert {away(act) for act in every_act(bucket)} == {"It did not answer a moment ago."}
    monkeypatch.setattr(bucket, "_away_until", 0.0)
    assert "It does not answer" in away(lambda: default_storage.open("one"))
    bucket_server.start()
    monkeypatch.setattr(bucket, "_away_until", 0.0)
    bucket.call("create_bucket")
    default_storage.save("two", ContentFile(DATA))
    assert default_storage.size("two") == len(DATA)


def test_a_server_that_hangs_is_given_up_and_then_left_alone_for_a_while(
    bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "ANSWER_SECONDS", 0.2)
    storage = bucket_server.make(key="impatient")
    storage.save("one", ContentFile(b"x"))
    bucket_server.hang()
    began = time.monotonic()
    assert "It does not answer (ReadTimeoutError)." in away(lambda: storage.open("one"))
    assert time.monotonic() - began < 5
    began = time.monotonic()
    assert {away(act) for act in every_act(storage)} == {"It did not answer a moment ago."}
    assert time.monotonic() - began < 0.1
    bucket_server.go_on()
    monkeypatch.setattr(storage, "_away_until", 0.0)
    assert storage.exists("one")


def test_a_slow_bucket_takes_some_places_and_leaves_the_others(
    bucket: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "WAIT_SECONDS", 0.05)
    for _ in range(buckets.AT_ONCE):
        bucket._places.acquire()
    assert "too many wait" in away(lambda: default_storage.exists("one"))
    bucket._places.release()
    assert not default_storage.exists("one")
