"""Each finding of `lyceum doctor`, in the words that people read."""

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from lyceum.config.env import Environment
from lyceum.core.testing.buckets import BucketServer
from lyceum.runtime import doctor, served
from lyceum.runtime.home import Home
from lyceum.runtime.served import Served
from lyceum.runtime.stack import locked


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said(home: Home, port: int, word: str) -> str:
    return "\n".join(sentence for one, sentence in doctor.findings(home, "127.0.0.1", port) if one == word)


def answering(text: bytes) -> Iterator[int]:
    """Serve one canned answer to everybody."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while connection.recv(4096):
                    connection.sendall(text)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_a_fresh_home_is_well(home: Home, port: int) -> None:
    assert said(home, port, "fail") == said(home, port, "warn") == ""
    assert "PostgreSQL is embedded and runs only while `lyceum up` does." in said(home, port, "ok")


def test_a_folder_for_files_is_named_and_has_to_be_there_for_writing(
    home: Home, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"Files are kept in {home.root / 'media'}." in said(home, port, "ok")
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("STORAGE_URL", f"file://{tmp_path}/taken/files")
    assert f"Files cannot be kept in {tmp_path}/taken/files: give {tmp_path}/taken to" in said(home, port, "fail")


def test_a_bucket_is_tried_and_what_is_wrong_with_it_told(
    home: Home, port: int, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = bucket_server.make()
    address = bucket_server.url(bucket)
    monkeypatch.setenv("STORAGE_URL", address)
    assert f"The bucket {bucket} can be written and read." in said(home, port, "ok")
    assert bucket.listdir("") == ([], [])
    bucket_server.ask_for_credentials(asked=True)
    assert f"The bucket {bucket} cannot be used. It refuses the credentials (Inval" in said(home, port, "fail")
    bucket_server.ask_for_credentials(asked=False)
    monkeypatch.setenv("STORAGE_URL", address.replace(bucket.name, "no-such-bucket"))
    assert "cannot be used. There is no bucket of this name. Is STORAGE_URL right?" in said(home, port, "fail")
    monkeypatch.setenv("STORAGE_URL", "s3://KEY:hush@notes.example/bucket?region=no region")
    assert "cannot be used. Its address or its region cannot be right. Is STO" in said(home, port, "fail")
    monkeypatch.setenv("STORAGE_URL", "s3://KEY:hush@minio_1:9000/bucket?tls=false")
    assert said(home, port, "fail").startswith("STORAGE_URL: the host is a name of letters, digits, hyphens and dots")
    monkeypatch.setenv("STORAGE_URL", address)
    bucket_server.stop()
    assert "cannot be used. It does not answer (EndpointConnectionError)." in said(home, port, "fail")


def test_a_secret_that_others_may_read_is_a_fault(home: Home, port: int) -> None:
    home.secret("secret_key")
    path = home.root / "secrets" / "secret_key"
    path.chmod(0o644)
    assert said(home, port, "fail") == f"Secret secret_key has mode 644: run chmod 600 {path}."


def test_a_port_is_taken_or_ours(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert f"Port {taken} is in use by another program." in said(home, taken, "fail")
        with locked(home):
            assert f"Port {taken} is in use while `lyceum up` runs." in said(home, taken, "ok")


def test_a_full_disk_is_told(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=200_000_000))
    assert said(home, port, "warn").startswith("0.2 GB free in")


def test_servers_elsewhere_that_do_not_answer_are_named(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:hidden@127.0.0.1:{port}/d")
    monkeypatch.setenv("REDIS_URL", f"redis://:hidden@127.0.0.1:{port}")
    faults = said(home, port, "fail")
    assert "PostgreSQL does not answer" in faults
    assert "is DATABASE_URL right?" in faults
    assert "Valkey does not answer" in faults
    assert "is REDIS_URL right?" in faults
    assert "hidden" not in faults


def test_servers_that_are_too_old_are_told(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        info = SimpleNamespace(server_version=140011)

        def __enter__(self) -> "Old":
            return self

        def __exit__(self, *_: Any) -> None: ...

    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: Old())
    text = b"redis_version:6.2.1\r\n"
    server = answering(b"$%d\r\n%s\r\n" % (len(text), text))
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@127.0.0.1/d")
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{next(server)}?protocol=2&client_name=&lib_name=&lib_version=")
    faults = said(home, port, "fail")
    assert "PostgreSQL 14 answers, but 15 or newer is needed" in faults
    assert "Redis 6.2.1 answers, but 7 or newer is needed" in faults


def test_a_wrong_setting_is_told_without_a_trace(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "perhaps")
    assert said(home, port, "fail").startswith("DEBUG: ")


def test_what_is_unsafe_in_production_is_told(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("DEBUG", "true")
    faults = said(home, port, "fail")
    assert "Unsafe in production: DEBUG must be false." in faults
    assert "Unsafe in production: PUBLIC_URL must begin with https://." in faults


def test_what_production_asks_for_is_named(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "ENVIRONMENT is development; for production: PUBLIC_URL must begin with https://."
    assert line in said(home, port, "ok")
    monkeypatch.setenv("PUBLIC_URL", "https://localhost")
    assert "ENVIRONMENT is development; the settings would do for production." in said(home, port, "ok")


def test_the_address_of_the_last_start_is_looked_at(home: Home, port: int) -> None:
    served.note(home, Served("127.0.0.1", port, "http://elsewhere.example"))
    found = list(doctor.findings(home))
    assert ("ok", f"Port {port} is free.") in found
    assert any(word == "warn" and "host of PUBLIC_URL" in sentence for word, sentence in found)


def test_a_public_address_that_is_not_served_is_told(home: Home, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://lyceum.example")
    assert "ALLOWED_HOSTS does not name the host of PUBLIC_URL" in said(home, port, "warn")
