"""Nobody looks whether a `client_id` was there before, and the database does not mind."""

from lyceum.messaging import sending, services, writer
from tests.chaos.bugs import replaced, restated

SCHEMA = ("drop index message_client_id_once",)


def plant() -> None:
    store = replaced(sending.STORE, " and k.id is null\n", "\n")
    services.STORE = store = replaced(store, ") k on true", ") k on false")
    writer.STORE = restated(writer.STORE, store)
