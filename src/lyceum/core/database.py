"""Connections of our own beside Django's, for loops that cannot wait in threads."""

from typing import Any

from django.db import connections

# What Django adds for its own cursors is not for these.
FIELDS = ("dbname", "user", "password", "host", "port", "options", "sslmode", "sslrootcert")


def connection_fields() -> dict[str, Any]:
    """Return what psycopg needs to connect to the database that Django uses."""
    given = connections["default"].get_connection_params()
    return {name: given[name] for name in FIELDS if name in given}
