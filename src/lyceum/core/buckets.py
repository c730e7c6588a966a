"""Files in an S3-compatible bucket, behind Django's storage interface: nothing else knows where they are.

Each call is bounded in time, in places and in memory. A bucket that cannot be reached, or that refuses, is StorageAway
(503); a file that is not there is FileNotFoundError, as in a folder. See ADR 12.
"""

import functools
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible

from lyceum.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]  # from Python 3.12 on

log = structlog.get_logger("lyceum.storage")
MEGABYTE = 1024 * 1024
CONNECT_SECONDS, ANSWER_SECONDS, TRIES = 2, 8, 2
# Fewer than a process has threads for requests: a bucket that hangs leaves some to everything else.
AT_ONCE, WAIT_SECONDS = 8, 2.0
AWAY_SECONDS = 3.0
FIRST_WINDOW, LAST_WINDOW = MEGABYTE // 4, 2 * MEGABYTE
# Up to here a file is one request, which is all there or not at all; S3 takes 10,000 parts of at least 5 MB.
WHOLE, PART, PARTS = 64 * MEGABYTE, 16 * MEGABYTE, 10_000
NOT_THERE = {"NoSuchKey", "NotFound", "404"}
REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "403"}


class StorageAway(Unavailable):
    """The bucket cannot be used now; `reason` is for those who run the workspace."""

    title = "Files cannot be reached now. Try again soon."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(retry_after=AWAY_SECONDS)


_making = threading.Lock()


@functools.cache
def _connect(endpoint: str, region: str, addressing: str, key: str, secret: str) -> Any:
    """Return the client of a server, with bounds on each call: imported and made at first use, which takes a second."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        max_pool_connections=AT_ONCE,
        tcp_keepalive=True,
        signature_version="s3v4",
        s3={"addressing_style": addressing},
        # What others than AWS do not all know; the signature holds the digest of what is sent.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session(
        aws_access_key_id=key or None, aws_secret_access_key=secret or None, region_name=region or None
    ).client("s3", config=config, endpoint_url=endpoint or None)


@deconstructible
class BucketStorage(Storage):
    """Keeps files under the names given; a second file of the same name takes the place of the first."""

    def __init__(
        self,
        name: str,
        *,
        prefix: str = "",
        endpoint: str = "",
        region: str = "",
        addressing: str = "auto",
        key: str = "",
        secret: str = "",
    ) -> None:
        self.name, self._prefix, self._endpoint = name, prefix, endpoint
        self._access = (endpoint, region, addressing, key, secret)
        self._places, self._away_until = threading.BoundedSemaphore(AT_ONCE), 0.0

    def __str__(self) -> str:
        return f"{self.name} at {self._endpoint or 'AWS'}"

    @property
    def _client(self) -> Any:
        # Threads share a client, but not its making.
        with _making:
            try:
                return _connect(*self._access)
            except ValueError as err:
                raise self._away("Its address or its region cannot be right.") from err

    def call(self, operation: str, **fields: Any) -> Any:
        """Ask the bucket; raises FileNotFoundError for a key that is not there, and StorageAway."""
        with self._asking():
            return getattr(self._client, operation)(Bucket=self.name, **fields)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError

        if time.monotonic() < self._away_until:
            raise StorageAway("It did not answer a moment ago.")
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise StorageAway("It is slow: too many wait for it.")
        try:
            yield
        except ClientError as err:
            code = err.response["Error"]["Code"]
            if code in NOT_THERE:
                raise FileNotFoundError(code) from err
            raise self._away(self._refusal(code)) from err
        except (NoCredentialsError, CredentialRetrievalError) as err:
            raise self._away("There are no credentials for it.") from err
        except (BotoCoreError, OSError) as err:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise self._away(f"It does not answer ({type(err).__name__}).") from err
        finally:
            self._places.release()

    def _away(self, reason: str) -> StorageAway:
        # A command that only looks, before logs are set up, says it itself.
        if structlog.is_configured():
            log.error("storage_away", bucket=self.name, reason=reason)
        return StorageAway(reason)

    def _refusal(self, code: str) -> str:
        if code == "NoSuchBucket":
            return "There is no bucket of this name."
        return f"It refuses the credentials ({code})." if code in REFUSED else f"It answers {code}."

    def key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def read(self, name: str, first: int, length: int) -> tuple[bytes, int]:
        """Return a part of a file, and the size of the whole; nothing of an empty one."""
        from botocore.exceptions import ClientError

        with self._asking():
            try:
                answer = self._client.get_object(
                    Bucket=self.name, Key=self.key(name), Range=f"bytes={first}-{first + length - 1}"
                )
            except ClientError as err:
                if err.response["Error"]["Code"] == "InvalidRange":
                    return b"", first
                raise
            with answer["Body"] as body:
                found = body.read()
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        return found, int(whole) if whole.isdigit() else len(found)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError("A file in a bucket is opened to read its bytes; `save` writes.")
        return File(io.BufferedReader(Window(self, name)), name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        content.seek(0)
        kind = {"Key": self.key(name), "ContentType": "application/octet-stream"}
        if content.size <= WHOLE:
            self.call("put_object", Body=content, ContentLength=content.size, **kind)
        else:
            self._save_in_parts(content, kind)
        return name

    def _save_in_parts(self, content: "File[bytes]", kind: dict[str, str]) -> None:
        upload = {"Key": kind["Key"], "UploadId": self.call("create_multipart_upload", **kind)["UploadId"]}
        try:
            size, parts = max(PART, -(-content.size // PARTS)), []
            for number, piece in enumerate(iter(lambda: content.read(size), b""), 1):
                tag = self.call("upload_part", PartNumber=number, Body=piece, **upload)["ETag"]
                parts.append({"PartNumber": number, "ETag": tag})
            self.call("complete_multipart_upload", MultipartUpload={"Parts": parts}, **upload)
        except BaseException:
            # What cannot be taken back now is forgotten by `forget_unfinished`.
            with suppress(StorageAway, FileNotFoundError):
                self.call("abort_multipart_upload", **upload)
            raise

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self.call("delete_object", Key=self.key(name))

    def exists(self, name: str) -> bool:
        try:
            self.call("head_object", Key=self.key(name))
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self.call("head_object", Key=self.key(name))["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        found: datetime = self.call("head_object", Key=self.key(name))["LastModified"]
        return found

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders, files, beginning = [], [], self.key(f"{path.strip('/')}/" if path.strip("/") else "")
        for page in self._pages("list_objects_v2", Prefix=beginning, Delimiter="/"):
            folders += [found["Prefix"].removeprefix(beginning).rstrip("/") for found in page.get("CommonPrefixes", [])]
            files += [found["Key"].removeprefix(beginning) for found in page.get("Contents", [])]
        return folders, [name for name in files if name]

    def _pages(self, operation: str, **fields: Any) -> Iterator[dict[str, Any]]:
        with self._asking():
            pages = iter(self._client.get_paginator(operation).paginate(Bucket=self.name, **fields))
        while True:
            with self._asking():
                page = next(pages, None)
            if page is None:
                return
            yield page

    def check(self) -> None:
        """Write, read, list and delete a small file; raises StorageAway with the reason why that cannot be done."""
        name, text = f"check-{uuid4().hex}", b"Lyceum looks whether it may write here."
        self.save(name, ContentFile(text))
        try:
            with self.open(name) as file:
                is_same = file.read() == text
            is_listed = name in self.listdir("")[1]
        finally:
            self.delete(name)
        if not (is_same and is_listed):
            raise StorageAway("It does not give back what was written.")

    def forget_unfinished(self, before: datetime) -> int:
        """Give up uploads in parts that nobody goes on with; returns how many there were."""
        count = 0
        for page in self._pages("list_multipart_uploads", Prefix=self._prefix):
            for upload in page.get("Uploads", []):
                if upload["Initiated"] < before:
                    with suppress(FileNotFoundError):
                        self.call("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])
                    count += 1
        return count


class Window(io.RawIOBase):
    """Reads a file by ranges that grow while it is read on, so that no connection waits for a slow reader."""

    def __init__(self, storage: BucketStorage, name: str) -> None:
        self._storage, self._name, self._next = storage, name, FIRST_WINDOW
        self._at = self._begin = 0
        self._held, self._size = storage.read(name, 0, FIRST_WINDOW)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def readinto(self, buffer: "Buffer") -> int:
        if self._at >= self._size:
            return 0
        if not self._begin <= self._at < self._begin + len(self._held):
            self._move()
        with memoryview(buffer) as target:
            piece = memoryview(self._held)[self._at - self._begin :][: len(target)]
            target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _move(self) -> None:
        is_read_on = self._at == self._begin + len(self._held)
        self._next = min(self._next * 2, LAST_WINDOW) if is_read_on else FIRST_WINDOW
        try:
            self._held, _ = self._storage.read(self._name, self._at, self._next)
        except FileNotFoundError as err:
            raise StorageAway("The file was deleted while it was read.") from err
        self._begin = self._at
        if not self._held:
            raise StorageAway("The file became shorter while it was read.")
