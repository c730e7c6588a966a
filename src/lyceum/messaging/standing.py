"""Where people stand when their sockets open and beat; what many ask at once is read by one statement."""

from typing import Any, NamedTuple
from uuid import UUID

from lyceum.core import presence
from lyceum.core.pipeline import UUID_ARRAY_OID
from lyceum.core.reads import Read
from lyceum.messaging import ephemeral
from lyceum.realtime.threads import in_thread

ASKED = {"user_id": UUID_ARRAY_OID, "conversation_id": UUID_ARRAY_OID}
# The living conversations of a person, or the one that is asked for; hidden ones too.
MINE = """
messaging_participant p
  join messaging_conversation c on c.id = p.conversation_id and c.ended_at is null
  where p.user_id = a.user_id and p.conversation_id = coalesce(a.conversation_id, p.conversation_id)
"""
PLACES = Read(
    "places",
    f"""
select a.place, mine.* from asked a cross join lateral (
  select array_agg(c.id), array_agg(c.last_sequence), array_agg(p.hidden_at is not null), array_agg(p.visible_after)
  from {MINE}
) mine
""",  # noqa: S608  # no part comes from outside
    **ASKED,
)
# What is unread is counted as `selectors.UNREAD` counts it.
OPENINGS = Read(
    "openings",
    f"""
select a.place, mine.*, others.* from asked a cross join lateral (
  select array_agg(c.id), array_agg(c.last_sequence),
    array_agg(greatest(0, c.last_sequence - greatest(p.read_sequence, p.joined_after)) - (
      select count(*) from messaging_message m
      where m.conversation_id = c.id and m.sequence > greatest(p.read_sequence, p.joined_after)
        and (m.deleted_at is not null or m.message_type = 'system'))),
    array_agg(greatest(p.read_sequence, p.joined_after)) filter (where c.retention = 'ephemeral'),
    array_agg(c.id) filter (where c.retention = 'ephemeral'),
    array_agg(c.last_sequence) filter (where c.retention = 'ephemeral')
  from {MINE} and (a.conversation_id is not null or p.hidden_at is null)
) mine
cross join lateral (
  select array_agg(distinct o.user_id) from messaging_participant o
  join accounts_user u on u.id = o.user_id and u.show_presence
  where o.conversation_id in (select c.id from {MINE}) and o.user_id <> a.user_id
) others
""",  # noqa: S608  # as above
    **ASKED,
)
AUDIENCE = Read(
    "audience",
    f"""
select a.place, array(select c.id from {MINE}) from asked a
join accounts_user u on u.id = a.user_id and u.show_presence
""",  # noqa: S608  # as above
    **ASKED,
)


class Place(NamedTuple):
    """A living conversation of a person, who hears of it what is numbered above `visible_after`."""

    id: UUID
    last: int
    is_hidden: bool
    visible_after: int


class Standing:
    """What a socket opens with: conversations with their last sequences and what is unread, and who is here."""

    def __init__(self, last: dict[UUID, int], unread: dict[UUID, int], present: list[tuple[UUID, str]]) -> None:
        self.last, self.unread, self.present = last, unread, present


async def places(user_id: UUID, conversation: UUID | None) -> list[Place]:
    """Return the living conversations of a person, or of these the one."""
    row = await PLACES.ask(user_id, conversation)
    return list(map(Place, *row)) if row is not None and row[0] else []


async def standing(user_id: UUID, conversation: UUID | None) -> Standing:
    row = await OPENINGS.ask(user_id, conversation)
    assert row is not None
    ids, lasts, counts, marks, ephemeral_ids, ephemeral_lasts, others = (column or [] for column in row)
    unread: dict[UUID, int] = dict(zip(ids, counts, strict=True))
    if ephemeral_ids:
        kept = list(zip(ephemeral_ids, marks, ephemeral_lasts, strict=True))
        unread |= await in_thread(ephemeral.unread_counts, user_id, kept)
    present = [(other, state) for other, state in (await presence.states_of(others)).items() if state != "offline"]
    return Standing(dict(zip(ids, lasts, strict=True)), unread, present)


async def audience(user_id: UUID) -> list[UUID]:
    """Return the conversations that are told whether a person is here; none for who does not show it."""
    row = await AUDIENCE.ask(user_id, None)
    found: Any = row[0] if row is not None else []
    return list(found)
