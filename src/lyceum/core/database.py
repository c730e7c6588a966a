"""Connections of our own beside Django's, for loops that cannot wait in threads."""

from collections.abc import Callable
from typing import Any

from django.db import connections

# What Django adds for its own cursors is not for these.
FIELDS = ("dbname", "user", "password", "host", "port", "options", "sslmode", "sslrootcert")


def connection_fields() -> dict[str, Any]:
    """Return what psycopg needs to connect to the database that Django uses."""
    given = connections["default"].get_connection_params()
    return {name: given[name] for name in FIELDS if name in given}


def gauges_of(pool: Any) -> dict[str, Callable[[], float]]:
    """Return what tells how many connections of a pool are open, how many are in use, and how many wait for one."""

    def read(name: str) -> float:
        return float(pool.get_stats().get(name, 0))

    return {
        "pool_size": lambda: read("pool_size"),
        "pool_in_use": lambda: read("pool_size") - read("pool_available"),
        "pool_waiting": lambda: read("requests_waiting"),
    }


def pool_gauges() -> dict[str, float]:
    """Return the numbers of Django's own pool, nothing where it has none."""
    pool = connections["default"].pool  # type: ignore[attr-defined]
    return {name: tell() for name, tell in gauges_of(pool).items()} if pool is not None else {}
