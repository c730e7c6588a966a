"""The database's schema against the program's: what waits, what is newer, and bringing it up to date."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lyceum.runtime.home import CannotRun

LOCK = 4_937_218_001
WAIT_SECONDS = 30.0


def set_up_django(environment: Mapping[str, str]) -> None:
    """Set Django up in this process with a stack's environment."""
    os.environ.update(environment)
    for name in ("DATABASE_URL_FILE", "REDIS_URL_FILE"):
        if name not in environment:
            os.environ.pop(name, None)
    import django

    django.setup()


@dataclass(frozen=True)
class Schema:
    """Migrations that are applied, by app and name; those that wait; and those that this program does not know."""

    applied: frozenset[str]
    waiting: tuple[str, ...]
    unknown: tuple[str, ...]


def unknown_of(applied: frozenset[str]) -> tuple[str, ...]:
    """Return those of some migrations that a newer version must have made."""
    from django.db.migrations.loader import MigrationLoader

    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    apps = {name.partition(".")[0] for name in known}
    return tuple(sorted(name for name in applied - known if name.partition(".")[0] in apps))


def look() -> Schema:
    """Compare the database with the program."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    applied = frozenset(f"{app}.{name}" for app, name in executor.loader.applied_migrations)
    return Schema(applied, tuple(f"{one.app_label}.{one.name}" for one, _ in plan), unknown_of(applied))


def migrate(environment: Mapping[str, str], *, say: Callable[[str], None] = lambda sentence: None) -> int:
    """Bring the database up to date and return how many migrations that took; several callers wait for one another."""
    set_up_django(environment)
    from django.core.management import call_command
    from django.db import connection

    _wait_for_database()
    with _alone():
        found = look()
        if found.unknown:
            raise CannotRun(f"The database was made by a newer Lyceum ({found.unknown[-1]}). Start that version.")
        if found.waiting:
            _have_vectors()
            say(f"Bringing the database up to date ({len(found.waiting)} migrations) …")
            call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    return len(found.waiting)


def _have_vectors() -> None:
    """Have the extension that keeps vectors; raises CannotRun where this account may not make it or it is not there."""
    from django.db import DatabaseError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("create extension if not exists vector")
    except DatabaseError as err:
        raise CannotRun(
            "The database lacks pgvector. Install it on the server of PostgreSQL, and let a superuser run in this"
            f" database: create extension vector; ({str(err).splitlines()[0]})"
        ) from None


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process migrate at a time, for as long as it takes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])
            cursor.execute("reset statement_timeout")


def _wait_for_database() -> None:
    from django.db import OperationalError, connection

    ends = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as err:
            is_starting = any(word in str(err) for word in ("refused", "starting up", "No such file", "couldn't get"))
            if not is_starting or time.monotonic() > ends:
                raise
            time.sleep(0.5)
