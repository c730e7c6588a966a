"""The product against servers that were started by hand, on TCP with passwords; and backups of all that is in it."""

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile

from lyceum.core.buckets import BucketStorage
from lyceum.core.testing.buckets import BucketServer
from lyceum.runtime import children
from lyceum.runtime.home import Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.stack import locked
from lyceum.runtime.valkey import binary

PASSWORD = "p@ss/w:ord"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lyceum-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """Servers of somebody else's; the database's URL stands in a file."""
    server = Postgres(Home(folder / "theirs"), durable=False)
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create role foreigner login password 'p@ss/w:ord'")
        connection.execute("create database foreign_data owner foreigner")
    with psycopg.connect(server.url.replace("/lyceum?", "/foreign_data?"), autocommit=True) as connection:
        connection.execute("create extension vector")
    server.stop()
    port, valkey_port = free_port(), free_port()
    command = server._command()
    at = command.index("-h")
    command = [*command[:at], "-h", "127.0.0.1", "-p", str(port), *command[at + 2 :]]
    postgres = children.start(command, user=server.user, log=server.log)
    valkey = children.start([binary(), "--port", str(valkey_port), "--requirepass", PASSWORD, "--save", ""])
    quoted = "p%40ss%2Fw%3Aord"
    url = f"postgresql://foreigner:{quoted}@127.0.0.1:{port}/foreign_data"
    (folder / "database-url").write_text(f"{url}\n")
    own = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LYCEUM_HOME": str(folder / "home"),
        "DATABASE_URL_FILE": str(folder / "database-url"),
        "REDIS_URL": f"redis://:{quoted}@127.0.0.1:{valkey_port}/3",
    }
    yield own
    children.stop(valkey)
    children.stop(postgres, by=2)


def lyceum(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lyceum.runtime.cli", *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )


def connect(environment: dict[str, str]) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(Path(environment["DATABASE_URL_FILE"]).read_text().strip(), autocommit=True)


def state(environment: dict[str, str]) -> tuple[object, ...]:
    """Return what must come back: a digest over all bodies, and one over the media."""
    with connect(environment) as connection:
        row = connection.execute(
            "select count(*), md5(string_agg(id::text || content, ',' order by id)) from messaging_message"
        ).fetchone()
    media = Path(environment["LYCEUM_HOME"]) / "media"
    files = sorted(path for path in media.rglob("*") if path.is_file())
    return (row, [(str(path.relative_to(media)), hashlib.md5(path.read_bytes()).hexdigest()) for path in files])


@pytest.mark.timeout(180)
def test_everything_comes_back_from_a_backup(environment: dict[str, str], folder: Path) -> None:
    done = lyceum(environment, "demo", "load")
    assert done.returncode == 0, done.stderr
    assert lyceum(environment, "demo", "load").returncode == 0
    media = folder / "home" / "media"
    ours = media / "attachments" / "deep"
    ours.mkdir(parents=True)
    for number in range(3):
        (ours / f"{number} ü.bin").write_bytes(secrets.token_bytes(10_000))
    before = state(environment)
    assert before[0][0] > 20  # type: ignore[index]
    file = folder / "monday.tar"
    done = lyceum(environment, "backup", str(file))
    assert done.returncode == 0, done.stderr
    assert "Dumping the database" in done.stdout
    assert "Adding 5 files" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(folder.glob("*.part"))

    with connect(environment) as connection:
        connection.execute("update messaging_message set content = 'changed'")
        # As a later version would have left it: a table that refers to what the backup holds.
        connection.execute("create table later (person uuid references accounts_user(id))")
    (ours / "0 ü.bin").unlink()
    (ours / "new.bin").write_bytes(b"new")
    changed = state(environment)

    assert lyceum(environment, "restore", str(file), typed="no\n").returncode == 1
    with connect(environment):
        refused = lyceum(environment, "restore", str(file), "--yes")
        assert "1 others use the database. Stop Lyceum first." in refused.stderr
    whole = file.read_bytes()
    for name, content in {
        "cut.tar": whole[: len(whole) // 2],
        "flipped.tar": whole[:60_000] + bytes([whole[60_000] ^ 1]) + whole[60_001:],
        "empty.tar": b"",
        "other.tar": b"no archive" * 100,
    }.items():
        (folder / name).write_bytes(content)
        refused = lyceum(environment, "restore", str(folder / name), "--yes")
        assert refused.returncode == 1
        assert "Nothing was changed." in refused.stderr
    assert "there is no such file" in lyceum(environment, "restore", str(folder / "none.tar"), "--yes").stderr
    assert state(environment) == changed

    done = lyceum(environment, "restore", str(file), "--yes")
    assert done.returncode == 0, done.stderr
    assert state(environment) == before
    with connect(environment) as connection:
        assert connection.execute("select to_regclass('later')").fetchone() == (None,)


def kept_in(bucket: BucketStorage) -> dict[str, bytes]:
    names = [f"attachments/{name}" for name in bucket.listdir("attachments")[1]]
    return {name: bucket.open(name).read() for name in [*names, *bucket.listdir("")[1]]}


def kept_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(180)
def test_a_backup_takes_the_files_of_a_bucket_and_moves_them_from_place_to_place(
    environment: dict[str, str], folder: Path, bucket_server: BucketServer
) -> None:
    assert lyceum(environment, "migrate").returncode == 0
    media, bucket = folder / "home" / "media", bucket_server.make()
    shutil.rmtree(media, ignore_errors=True)
    (media / "attachments").mkdir(parents=True)
    files = {f"attachments/{number}.bin": secrets.token_bytes(300_000) for number in range(3)}
    for name, data in files.items():
        (media / name).write_bytes(data)
    # Somebody else's, in a folder or a bucket that is not ours alone.
    (media / "theirs.txt").write_bytes(b"theirs")
    assert lyceum(environment, "backup", str(folder / "folder.tar")).returncode == 0

    with_bucket = {**environment, "STORAGE_URL": bucket_server.url(bucket)}
    bucket.save("attachments/of-before.bin", ContentFile(b"x"))
    bucket.save("other.txt", ContentFile(b"other"))
    done = lyceum(with_bucket, "restore", str(folder / "folder.tar"), "--yes")
    assert done.returncode == 0, done.stderr
    assert kept_in(bucket) == {**files, "other.txt": b"other"}

    done = lyceum(with_bucket, "backup", str(folder / "bucket.tar"))
    assert "Adding 3 files" in done.stdout, done.stderr
    assert lyceum(with_bucket, "backup", "--no-files", str(folder / "rows.tar")).returncode == 0
    bucket.delete("attachments/0.bin")
    assert lyceum(with_bucket, "restore", str(folder / "rows.tar"), "--yes").returncode == 0
    assert set(kept_in(bucket)) == {"attachments/1.bin", "attachments/2.bin", "other.txt"}
    shutil.rmtree(media / "attachments")
    assert lyceum(environment, "restore", str(folder / "bucket.tar"), "--yes").returncode == 0
    assert kept_below(media) == {**files, "theirs.txt": b"theirs"}

    bucket_server.stop()
    for arguments in (["backup", str(folder / "half.tar")], ["restore", str(folder / "bucket.tar"), "--yes"]):
        failed = lyceum(with_bucket, *arguments)
        assert (failed.returncode, failed.stderr) == (1, "Files cannot be reached now. Try again soon.\n")
    assert not list(folder.glob("half.*"))


@pytest.mark.timeout(180)
def test_a_backup_of_a_newer_version_is_refused_and_an_older_one_is_brought_up_to_date(
    environment: dict[str, str], folder: Path
) -> None:
    assert lyceum(environment, "migrate").returncode == 0
    with connect(environment) as connection:
        connection.execute("insert into django_migrations (app, name, applied) values ('core', '9999_later', now())")
    newer = folder / "newer.tar"
    assert lyceum(environment, "backup", str(newer)).returncode == 0
    assert "newer Lyceum (core.9999_later)" in lyceum(environment, "migrate").stderr
    assert "newer Lyceum (core.9999_later)" in lyceum(environment, "doctor").stdout
    with connect(environment) as connection:
        connection.execute("delete from django_migrations where name = '9999_later'")
    refused = lyceum(environment, "restore", str(newer), "--yes")
    assert "was made by a newer Lyceum (core.9999_later)" in refused.stderr

    code = "import django; django.setup(); from django.core.management import call_command; call_command(*'{}'.split())"
    code = code.format("migrate core 0001")
    url = Path(environment["DATABASE_URL_FILE"]).read_text().strip()
    own = {**environment, "DATABASE_URL": url, "SECRET_KEY": "x", "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"}
    own.pop("DATABASE_URL_FILE")
    subprocess.run([sys.executable, "-c", code], env=own, check=True, capture_output=True)
    assert "migrations are not applied: run lyceum migrate." in lyceum(environment, "doctor").stdout
    older = folder / "older.tar"
    assert lyceum(environment, "backup", str(older)).returncode == 0
    assert lyceum(environment, "migrate").returncode == 0
    done = lyceum(environment, "restore", str(older), "--yes")
    assert done.returncode == 0, done.stderr
    assert "Bringing the database up to date" in done.stdout
    assert "All migrations are applied." in lyceum(environment, "doctor").stdout


def test_a_staff_account_is_made_from_a_pipe_and_every_broken_rule_is_told(environment: dict[str, str]) -> None:
    done = lyceum(environment, "createadmin", "Ada@Example.org", "--password-stdin", typed="Lefroy-salt-lake-7\n")
    assert (done.returncode, done.stdout) == (0, "Ada@Example.org may sign in as staff.\n"), done.stderr
    done = lyceum(environment, "createadmin", "bob@example.org", typed="12345\n")
    assert done.returncode == 1
    assert {line.split(":")[0] for line in done.stderr.splitlines()} == {"password"}


def test_an_address_that_cannot_be_taken_is_told_before_there_is_a_password(environment: dict[str, str]) -> None:
    wrong = lyceum(environment, "createadmin", "notanemail", "--first-name", "R2D2")
    assert wrong.returncode == 1
    assert {line.split(":")[0] for line in wrong.stderr.splitlines()} == {"email", "first_name"}
    lyceum(environment, "createadmin", "carol@example.org", typed="Lefroy-salt-lake-7\n")
    taken = lyceum(environment, "createadmin", "Carol@example.org")
    assert (taken.returncode, taken.stderr) == (1, "email: There is an account with this address.\n")


def test_demo_people_join_your_own_only_when_you_say_so(environment: dict[str, str]) -> None:
    lyceum(environment, "demo", "remove")
    lyceum(environment, "createadmin", "dora@example.org", typed="Lefroy-salt-lake-7\n")
    asked = lyceum(environment, "demo", typed="\n")
    assert (asked.returncode, "Nothing was changed." in asked.stdout) == (1, True), asked.stderr
    assert "Sign in with one of:" in lyceum(environment, "demo", typed="load\n").stdout
    again = lyceum(environment, "demo")
    assert (again.returncode, "Type load" in again.stdout) == (0, False), again.stderr
    assert lyceum(environment, "demo", "remove").returncode == 0
    done = lyceum(environment, "demo", "load", "--yes")
    assert (done.returncode, "Type load" in done.stdout) == (0, False), done.stderr
    assert lyceum(environment, "demo", "remove").returncode == 0


def test_an_address_that_nobody_has_is_told_before_anything_is_asked(environment: dict[str, str]) -> None:
    nobody = lyceum(environment, "factors", "remove", "nobody@example.org")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert nobody.stderr == "Nobody has the address nobody@example.org.\n"
    lyceum(environment, "createadmin", "erin@example.org", typed="Lefroy-salt-lake-7\n")
    kept = lyceum(environment, "factors", "remove", "erin@example.org", typed="no\n")
    assert (kept.returncode, "Type remove to go on" in kept.stdout) == (1, True)
    done = lyceum(environment, "factors", "remove", "erin@example.org", typed="remove\n")
    assert (done.returncode, done.stdout.endswith("erin@example.org had none.\n")) == (0, True)


def test_a_command_beside_servers_has_to_be_named(environment: dict[str, str]) -> None:
    unnamed = lyceum(environment, "with-servers")
    assert (unnamed.returncode, unnamed.stderr.count("\n")) == (2, 1)
    unknown = lyceum(environment, "with-servers", "no-such-command")
    assert (unknown.returncode, unknown.stderr) == (1, "There is no command no-such-command.\n")


def test_a_backup_tells_where_it_cannot_go(environment: dict[str, str], folder: Path) -> None:
    kept = folder / "kept.tar"
    kept.write_text("mine")
    assert "is there already" in lyceum(environment, "backup", str(kept)).stderr
    assert kept.read_text() == "mine"
    assert lyceum(environment, "backup", "--force", str(kept)).returncode == 0
    assert tarfile.is_tarfile(kept)
    assert "is a folder" in lyceum(environment, "backup", str(folder)).stderr
    assert "is not there" in lyceum(environment, "backup", str(folder / "no" / "x.tar")).stderr


def test_a_backup_without_a_name_is_kept_in_the_home(environment: dict[str, str], folder: Path) -> None:
    assert lyceum(environment, "backup").returncode == 0
    backups = folder / "home" / "backups"
    assert backups.stat().st_mode & 0o777 == 0o700
    assert [path.suffix for path in backups.iterdir()] == [".tar"]


def test_a_restore_that_cannot_be_asks_nothing(environment: dict[str, str], folder: Path) -> None:
    (folder / "letter.tar").write_text("no archive")
    with tarfile.open(folder / "whole.tar", "w"):
        pass
    for name, reason in {"missing.tar": "there is no such file", "letter.tar": "or is damaged. Nothing"}.items():
        refused = lyceum(environment, "restore", str(folder / name))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert reason in refused.stderr
    with locked(Home(folder / "home")):
        refused = lyceum(environment, "restore", str(folder / "whole.tar"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Lyceum runs already" in refused.stderr


def test_doctor_says_once_what_is_unsafe_in_production(environment: dict[str, str]) -> None:
    told = lyceum({**environment, "ENVIRONMENT": "production"}, "doctor")
    assert told.returncode == 1
    assert "PostgreSQL" in told.stdout
    assert told.stdout.count("PUBLIC_URL must begin with https://") == 1


def test_every_command_says_what_it_does_with_an_example(environment: dict[str, str]) -> None:
    for name in ("up", "web", "worker", "indexer", "migrate", "doctor", "demo", "backup", "restore", "createadmin"):
        done = lyceum(environment, name, "--help")
        assert done.returncode == 0
        assert f"  lyceum {name}" in done.stdout
    assert lyceum(environment, "up", "--port", "70000").returncode == 2
    assert lyceum(environment, "nonsense").returncode == 2


def test_a_database_that_is_away_is_told_in_a_sentence(environment: dict[str, str], folder: Path) -> None:
    away = {**environment, "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/d"}
    away.pop("DATABASE_URL_FILE")
    told = lyceum(away, "backup", str(folder / "none.tar"))
    assert told.returncode == 1
    assert "The database does not answer" in told.stderr
    assert "Traceback" not in told.stderr


def test_an_archive_that_leads_out_of_its_folder_is_refused(environment: dict[str, str], folder: Path) -> None:
    evil = folder / "evil.tar"
    (folder / "x").write_text("x")
    with tarfile.open(evil, "w") as archive:
        archive.add(folder / "x", "../../escaped")
    refused = lyceum(environment, "restore", str(evil), "--yes")
    assert "Nothing was changed." in refused.stderr
    assert not (folder.parent / "escaped").exists()
