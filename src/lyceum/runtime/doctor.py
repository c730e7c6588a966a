"""Looks at everything that a start needs, and says in plain words what is wrong."""

import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator

from lyceum.runtime.home import Home
from lyceum.runtime.stack import Servers

MIN_FREE_BYTES = 1024**3
Finding = tuple[str, str]


def findings(home: Home, port: int) -> Iterator[Finding]:
    """Yield (`ok`, `warn` or `fail`, sentence) for each thing looked at."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield ("ok" if sys.version_info >= (3, 11) else "fail"), f"Python {version} (3.11 or newer is needed)."
    root = home.folder(".")
    free = shutil.disk_usage(root).free
    yield ("ok" if free > MIN_FREE_BYTES else "warn"), f"{free / 1024**3:.1f} GB free in {root}."
    for path in sorted(home.folder("secrets").iterdir()):
        mode = stat.S_IMODE(path.stat().st_mode)
        word = "ok" if mode == 0o600 else "fail"
        yield word, f"Secret {path.name} has mode {mode:o}" + ("." if word == "ok" else f": run chmod 600 {path}.")
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    yield ("warn" if taken else "ok"), f"Port {port} is {'in use (by Lyceum, if it runs)' if taken else 'free'}."
    yield from _servers(home)


def _servers(home: Home) -> Iterator[Finding]:
    import psycopg
    import redis

    servers = Servers(home)
    environment = servers.environment()
    embedded = "; the embedded server runs only while `lyceum up` does"
    try:
        with psycopg.connect(environment["DATABASE_URL"], connect_timeout=3) as connection:
            number = connection.info.server_version // 10000
        yield ("ok" if number >= 15 else "fail"), f"PostgreSQL {number} answers (15 or newer is needed)."
    except psycopg.OperationalError:
        word = "warn" if servers.postgres else "fail"
        yield word, "PostgreSQL does not answer" + (embedded if servers.postgres else ": look at DATABASE_URL") + "."
    else:
        yield _migrations(environment)
    try:
        redis.Redis.from_url(environment["REDIS_URL"]).ping()
        yield "ok", "Valkey answers."
    except redis.exceptions.RedisError:
        word = "warn" if servers.valkey else "fail"
        yield word, "Valkey does not answer" + (embedded if servers.valkey else ": look at REDIS_URL") + "."


def _migrations(environment: dict[str, str]) -> Finding:
    os.environ.update(environment)
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as err:
        return "fail", str(err)
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    connection.close()
    if waiting:
        return "fail", f"{waiting} migrations are not applied: run lyceum migrate."
    return "ok", "All migrations are applied."
