"""The next sequence is read without the conversation's lock, and the database takes the same one twice."""

from lyceum.messaging import sending, services, writer
from tests.chaos.bugs import replaced, restated

SCHEMA = ("alter table messaging_message drop constraint message_sequence_once",)
READ = "(select s.last_sequence from messaging_conversation s where s.id = conversation_id)"


def plant() -> None:
    services.LOCK = replaced(sending.LOCK, "order by id for update", "order by id")
    writer.LOCK = restated(writer.LOCK, services.LOCK)
    store = replaced(
        sending.STORE, "set last_sequence = c.last_sequence + f.many", "set last_sequence = f.seen + f.many"
    )
    store = replaced(
        store, "select conversation_id, count(*) as many,", f"select conversation_id, {READ} as seen, count(*) as many,"
    )
    services.STORE = store
    writer.STORE = restated(writer.STORE, store)
