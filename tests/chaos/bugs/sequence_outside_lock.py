"""The next sequence is read without the conversation's lock, and the database takes the same one twice."""

from lyceum.messaging import sending, services, writer
from tests.chaos.bugs import replaced, restated

SCHEMA = ("alter table messaging_message drop constraint message_sequence_once",)
READ = "(select s.last_sequence from messaging_conversation s where s.id = p.conversation_id)"


def plant() -> None:
    services.LOCK = replaced(sending.LOCK, "order by id for update", "order by id")
    writer.LOCK = restated(writer.LOCK, services.LOCK)
    store = replaced(sending.STORE, "p.last_sequence + row_number()", f"{READ} + row_number()")
    services.STORE = store
    writer.STORE = restated(writer.STORE, store)
