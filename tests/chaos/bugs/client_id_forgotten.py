"""Nobody looks whether a `client_id` was there before, and the database does not mind."""

from lyceum.messaging import sending, services, writer
from tests.chaos.bugs import replaced, restated

SCHEMA = ("drop index message_client_id_once",)
KNOWN = "and k.client_id = p.client_id\norder by"


def plant() -> None:
    store = replaced(sending.STORE, "    and not exists (\n", "    and not (false and exists (\n")
    store = replaced(store, "and k.client_id = f.client_id)", "and k.client_id = f.client_id))")
    store = replaced(store, KNOWN, f"and false {KNOWN}")
    services.STORE = store
    writer.STORE = restated(writer.STORE, store)
