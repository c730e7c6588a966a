"""Whether this process can serve: its database and its Valkey answer, the schema is its own, and it is not leaving."""

import threading

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from lyceum.core import valkey

_leaving = threading.Event()
_schema_fits = threading.Event()


def begin_draining() -> None:
    """Be ready for nobody from now on: a balancer sends new people elsewhere while those here leave."""
    _leaving.set()


def readiness() -> tuple[bool, dict[str, str]]:
    """Say whether this process can serve, with the state of each part."""
    has_store = store_answers()
    parts = {
        "database": "connected" if has_store else "unavailable",
        "cache": "connected" if live_answers() else "unavailable",
        "migrations": "unknown" if not has_store else "applied" if schema_fits() else "pending",
    }
    if _leaving.is_set():
        return False, {"status": "not ready", "reason": "draining", **parts}
    is_ready = set(parts.values()) == {"connected", "applied"}
    return is_ready, {"status": "ready" if is_ready else "not ready", **parts}


def schema_fits() -> bool:
    """Say whether every migration of this program is applied; asked of the database until it is so."""
    if not _schema_fits.is_set():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _schema_fits.set()
    return True


def store_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return False
    return True


def live_answers() -> bool:
    try:
        return bool(valkey.connection().ping())
    except RedisError:
        return False
