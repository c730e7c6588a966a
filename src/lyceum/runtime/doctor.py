"""Looks at everything that a start needs, and says in plain words what is wrong."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec

from lyceum.config import production
from lyceum.config.env import Environment, SettingError, read
from lyceum.config.storage import Bucket, parse
from lyceum.runtime import ports, schema, served
from lyceum.runtime.home import CannotRun, Home
from lyceum.runtime.served import Served
from lyceum.runtime.stack import InUseError, Servers, locked

MIN_FREE_BYTES = 1024**3
MIN_POSTGRES, MIN_VALKEY = 15, 7
NOWHERE = Served("127.0.0.1", 8000, "")
Finding = tuple[str, str]


def findings(home: Home, host: str | None = None, port: int | None = None) -> Iterator[Finding]:
    """Yield (`ok`, `warn` or `fail`, sentence) for each thing looked at; the address is that of the last start."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield ("ok" if sys.version_info >= (3, 11) else "fail"), f"Python {version} (3.11 or newer is needed)."
    try:
        where = served.last(home) or NOWHERE
        environment = _with_address(read(), where)
        yield from _home(home)
        is_up = _is_up(home)
        servers = Servers(home)
    except (SettingError, CannotRun) as err:
        for sentence in str(err).splitlines():
            yield "fail", sentence
        return
    yield from _port(host or where.host, port or where.port, is_up=is_up)
    settings = list(_settings(environment, servers))
    yield from settings
    yield _files(environment, home)
    yield from _database(servers, is_up=is_up, can_set_up=all(word != "fail" for word, _ in settings))
    yield from _valkey(servers, is_up=is_up)


def _with_address(environment: Environment, where: Served) -> Environment:
    is_noted = where.public_url and "PUBLIC_URL" not in environment.model_fields_set
    return environment.model_copy(update={"PUBLIC_URL": where.public_url}) if is_noted else environment


def _home(home: Home) -> Iterator[Finding]:
    root = home.folder(".")
    free = shutil.disk_usage(root).free
    is_enough = free > MIN_FREE_BYTES
    yield (
        ("ok" if is_enough else "warn"),
        f"{free / 1024**3:.1f} GB free in {root}"
        + ("." if is_enough else ": make room, the database stops when the disk is full."),
    )
    for path in sorted(home.folder("secrets").iterdir()):
        mode = stat.S_IMODE(path.stat().st_mode)
        word = "ok" if mode == 0o600 else "fail"
        yield word, f"Secret {path.name} has mode {mode:o}" + ("." if word == "ok" else f": run chmod 600 {path}.")


def _is_up(home: Home) -> bool:
    try:
        with locked(home):
            return False
    except InUseError:
        return True


def _port(host: str, port: int, *, is_up: bool) -> Iterator[Finding]:
    try:
        ports.check_can_listen(host, port)
        yield "ok", f"Port {port} is free."
    except CannotRun as err:
        yield ("ok", f"Port {port} is in use while `lyceum up` runs.") if is_up else ("fail", str(err))


def _settings(environment: Environment, servers: Servers) -> Iterator[Finding]:
    is_production = environment.ENVIRONMENT == "production"
    key = servers.environment().get("SECRET_KEY") or environment.SECRET_KEY
    unsafe = production.faults(environment, key)
    for sentence in unsafe if is_production else []:
        yield "fail", f"Unsafe in production: {sentence}."
    if not is_production:
        needs = f"for production: {'; '.join(unsafe)}" if unsafe else "the settings would do for production"
        yield "ok", f"ENVIRONMENT is development; {needs}."
        if not production.is_served(environment):
            yield "warn", "ALLOWED_HOSTS does not name the host of PUBLIC_URL: links in mails lead to an error."
        if environment.EMAIL_VERIFICATION == "required" and not environment.EMAIL_URL:
            yield "warn", "EMAIL_VERIFICATION is required, but EMAIL_URL is empty: links stay in the folder mail."


def _files(environment: Environment, home: Home) -> Finding:
    place = parse(environment.STORAGE_URL)
    if isinstance(place, Bucket):
        return _bucket(place)
    folder = place or home.root / "media"
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return "ok", f"Files are kept in {folder}."
    return "fail", f"Files cannot be kept in {folder}: give {nearest} to the account that runs Lyceum."


def _bucket(place: Bucket) -> Finding:
    if find_spec("boto3") is None:
        return "fail", "STORAGE_URL names a bucket, which needs boto3: pip install 'lyceum[s3]'."
    from lyceum.core.buckets import BucketStorage, StorageAway

    storage = BucketStorage(**asdict(place))
    try:
        storage.check()
    except StorageAway as err:
        return "fail", f"The bucket {storage} cannot be used. {err.reason} Is STORAGE_URL right?"
    return "ok", f"The bucket {storage} can be written and read."


def _database(servers: Servers, *, is_up: bool, can_set_up: bool) -> Iterator[Finding]:
    import psycopg

    environment = servers.environment()
    try:
        with psycopg.connect(environment["DATABASE_URL"], connect_timeout=3) as connection:
            number = connection.info.server_version // 10000
    except psycopg.Error as err:
        yield _silent("PostgreSQL", "DATABASE_URL", err, is_embedded=servers.postgres is not None, is_up=is_up)
        return
    is_recent = number >= MIN_POSTGRES
    yield (
        ("ok" if is_recent else "fail"),
        f"PostgreSQL {number} answers"
        + ("." if is_recent else f", but {MIN_POSTGRES} or newer is needed: upgrade the server."),
    )
    # Settings that are refused have been told; nothing more can be asked with them.
    if is_recent and can_set_up:
        yield _migrations(environment)


def _silent(name: str, setting: str, err: Exception, *, is_embedded: bool, is_up: bool) -> Finding:
    reason = (str(err).strip() or type(err).__name__).splitlines()[-1]
    if is_embedded and not is_up:
        return "ok", f"{name} is embedded and runs only while `lyceum up` does."
    if is_embedded:
        return "fail", f"The embedded {name} does not answer ({reason}): look into the folder logs."
    return "fail", f"{name} does not answer ({reason}): is it running, and is {setting} right?"


def _valkey(servers: Servers, *, is_up: bool) -> Iterator[Finding]:
    import redis

    try:
        with redis.Redis.from_url(servers.environment()["REDIS_URL"], socket_connect_timeout=3) as client:
            about = client.info("server")
            keeps = client.config_get("appendonly").get("appendonly") if servers.valkey is None else "yes"
    except (redis.RedisError, ValueError) as err:
        yield _silent("Valkey", "REDIS_URL", err, is_embedded=servers.valkey is not None, is_up=is_up)
        return
    version = about.get("valkey_version") or about["redis_version"]
    is_recent = int(version.split(".")[0]) >= MIN_VALKEY
    name = "Valkey" if "valkey_version" in about else "Redis"
    yield (
        ("ok" if is_recent else "fail"),
        f"{name} {version} answers"
        + ("." if is_recent else f", but {MIN_VALKEY} or newer is needed: upgrade the server."),
    )
    if keeps != "yes":
        yield (
            "warn",
            f"{name} keeps nothing over a restart: set appendonly yes, or ephemeral messages are lost with it.",
        )


def _migrations(environment: dict[str, str]) -> Finding:
    from django.core.exceptions import ImproperlyConfigured

    try:
        schema.set_up_django(environment)
    except ImproperlyConfigured as err:
        return "fail", str(err)
    from django.db import connection

    found = schema.look()
    connection.close()
    if found.unknown:
        return "fail", f"The database was made by a newer Lyceum ({found.unknown[-1]}): start that version."
    if found.waiting:
        return "fail", f"{len(found.waiting)} migrations are not applied: run lyceum migrate."
    return "ok", "All migrations are applied."
