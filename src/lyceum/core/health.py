"""Whether this process can serve: its database and its Valkey answer."""

from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from lyceum.core import valkey


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
