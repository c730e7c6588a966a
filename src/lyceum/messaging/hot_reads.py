# ruff: noqa: S608  # no part of the statements comes from outside
"""What is read most in conversations, as PostgreSQL itself writes it; `shapes` has the same objects in Python."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lyceum.core.hot_reads import HotRead
from lyceum.messaging.logs import EXCERPT_LENGTH

UUID_PATH = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MOST_MESSAGES, MESSAGES = 200, 50
MOST_CONVERSATIONS, CONVERSATIONS = 100, 20


def _time(column: str) -> str:
    """Write a moment as Python's ISO form does, which leaves whole seconds without a fraction."""
    return f"""replace(to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '')"""


def _person(user: str) -> str:
    return f"""{user}.id, coalesce({user}.kind, 'user') as kind,
      coalesce(rtrim({user}.first_name || ' ' || {user}.last_name), 'Deleted person') as name,
      '/api/v1/users/' || {user}.id || '/avatar/?v=' || nullif({user}.avatar, '') as avatar"""


def _words(message: str) -> str:
    """Write the text of a message, or the names of its files where it has none."""
    return f"""coalesce(nullif({message}.content, ''), (select string_agg(b.name, ', ' order by b.place)
            from messaging_attachment b where b.message_id = {message}.id), '')"""


# The message `m` as the member `p` sees it.
MESSAGE = f"""
  select m.id, m.conversation_id as conversation, m.sequence,
    case when m.created_at >= now() - interval '7 days' then m.client_id end as client_id,
    row_to_json(sender) as sender,
    m.message_type, case when m.deleted_at is null then m.content else '' end as content,
    {_time("m.created_at")} as timestamp,
    case when r.sequence <= p.visible_after
        then json_build_object('id', r.id, 'sequence', r.sequence, 'sender', null, 'excerpt', null)
      when r.id is not null
        then json_build_object('id', r.id, 'sequence', r.sequence, 'sender', row_to_json(writer),
          'excerpt', case when r.deleted_at is null then left({_words("r")}, {EXCERPT_LENGTH}) else '' end)
      end as reply_to,
    case when m.thread_root_id is not null or thread.many > 0
      then json_build_object('root', coalesce(m.thread_root_id, m.id), 'count', thread.many) end as thread,
    case when m.deleted_at is null then coalesce(files.found, '[]') else '[]' end as attachments,
    case when m.deleted_at is null then coalesce(emoji.found, '[]') else '[]' end as reactions,
    {_time("m.edited_at")} as edited_at, m.deleted_at is not null as deleted,
    case when m.deleted_at is null then m.metadata else '{{}}' end as metadata
  from (select) one
  left join messaging_message r on r.id = m.reply_to_id
  left join accounts_user s on s.id = m.sender_id
  left join accounts_user w on w.id = r.sender_id
  cross join lateral (select {_person("s")}) sender
  cross join lateral (select {_person("w")}) writer
  cross join lateral (
    select count(*) as many from messaging_message k
    where k.thread_root_id = coalesce(m.thread_root_id, m.id) and k.deleted_at is null
      and k.sequence > p.visible_after) thread
  cross join lateral (
    select json_agg(row_to_json(file) order by f.place) as found
    from messaging_attachment f
    cross join lateral (
      select case when f.state = 'ready' then '/api/v1/chat/attachments/' || f.id || '/' end as url) at
    cross join lateral (select f.id, f.name, f.content_type, f.size, at.url,
      case when f.has_preview then at.url || 'preview/' end as preview_url, f.state) file
    where f.message_id = m.id) files
  cross join lateral (
    select json_agg(json_build_object('emoji', emoji, 'count', many, 'mine', mine) order by place) as found
    from (select emoji, count(*) as many, bool_or(user_id = c.user_id) as mine, min((created_at, id)) as place
      from messaging_reaction where message_id = m.id group by emoji) g) emoji
"""

# The numbers are gapless, so the ends of a page say whether there is more.
MESSAGE_PAGES = f"""
select c.place, c.user_id, c.profiles, c.proof, page.answer
from caller c join asked a using (place)
join messaging_participant p on p.conversation_id = a.conversation_id and p.user_id = c.user_id
join messaging_conversation v on v.id = a.conversation_id and v.ended_at is null and v.retention = 'permanent'
cross join lateral (
  select json_build_object(
    'results', coalesce(json_agg(row_to_json(o) order by o.sequence), '[]'),
    'has_more', coalesce(case when a.after is null then min(o.sequence) > p.visible_after + 1
      else max(o.sequence) < least(a.before - 1, v.last_sequence) end, false)) as answer
  from (
    (select * from messaging_message n where a.after is null and n.conversation_id = v.id
      and n.sequence > p.visible_after and n.sequence < a.before order by n.sequence desc limit a.most)
    union all
    (select * from messaging_message n where a.after is not null and n.conversation_id = v.id
      and n.sequence > greatest(p.visible_after, a.after) and n.sequence < a.before order by n.sequence limit a.most)
  ) m
  cross join lateral ({MESSAGE}) o
) page
"""

# A list that holds an ephemeral conversation is not whole here: the ordinary door asks Valkey for it.
CONVERSATION_PAGES = f"""
select c.place, c.user_id, c.profiles, c.proof, page.answer
from caller c join asked a using (place)
cross join lateral (
  select json_build_object(
      'results', coalesce(json_agg(row_to_json(o) order by v.rank) filter (where v.rank <= a.most), '[]'),
      'next', a.link || rtrim(translate(
        max(v.place) filter (where v.rank = a.most and v.has_more), E'+/\\n', '-_'), '='),
      'previous', null) as answer,
    coalesce(bool_or(v.retention = 'ephemeral'), false) as is_elsewhere
  from (
    select v.*, row_number() over newest as rank, count(*) over () > a.most as has_more,
      encode(convert_to(concat_ws('|', 'n', {_time("v.updated_at")}, v.id), 'UTF8'), 'base64') as place
    from (
      select v.*, p.visible_after, p.joined_after, p.read_sequence, p.notifications from messaging_participant p
      join messaging_conversation v on v.id = p.conversation_id and v.ended_at is null
      where p.user_id = c.user_id and p.hidden_at is null
      order by v.updated_at desc, v.id desc limit a.most + 1
    ) v
    window newest as (order by v.updated_at desc, v.id desc)
  ) v
  cross join lateral (select v.visible_after) p
  cross join lateral (
    select v.id, v.kind, v.name, v.retention, v.history, people.found as participants, last.found as last_message,
      v.last_sequence, unread.many as unread_count, v.notifications = 'none' as muted, v.notifications,
      {_time("v.created_at")} as created_at, {_time("v.updated_at")} as updated_at,
      {_time("v.ended_at")} as ended_at
    from (
      select json_agg(row_to_json(person) order by q.joined_at, q.id) as found
      from messaging_participant q join accounts_user u on u.id = q.user_id
      cross join lateral (select {_person("u")}, q.role, q.read_sequence) person
      where q.conversation_id = v.id
    ) people
    left join lateral (
      select row_to_json(o) as found from messaging_message m cross join lateral ({MESSAGE}) o
      where m.conversation_id = v.id and m.sequence = v.last_sequence and m.sequence > p.visible_after
    ) last on true
    cross join lateral (
      select greatest(0, v.last_sequence - greatest(v.read_sequence, v.joined_after)) - count(*) as many
      from messaging_message m
      where m.conversation_id = v.id and m.sequence > greatest(v.read_sequence, v.joined_after)
        and (m.deleted_at is not null or m.message_type = 'system')
    ) unread
  ) o
) page
where not page.is_elsewhere
"""


def _message_page(path: str, parts: Mapping[str, str], query: Mapping[str, int]) -> Sequence[Any] | None:
    limit = query.get("limit", MESSAGES)
    if not query.keys() <= {"before", "after", "limit"} or not 1 <= limit <= MOST_MESSAGES:
        return None
    return UUID(parts["id"]), query.get("before", 2**63 - 1), query.get("after"), limit


def _conversation_page(path: str, parts: Mapping[str, str], query: Mapping[str, int]) -> Sequence[Any] | None:
    limit = query.get("limit", CONVERSATIONS)
    if not query.keys() <= {"limit"} or not 1 <= limit <= MOST_CONVERSATIONS:
        return None
    given = f"limit={limit}&" if query else ""
    return f"{path}?{given}cursor=", limit


MESSAGE_LIST = HotRead(
    path=re.compile(rf"chat/conversations/(?P<id>{UUID_PATH})/messages/"),
    route="chat/conversations/<uuid:conversation_id>/messages/",
    columns={"conversation_id": "uuid", "before": "bigint", "after": "bigint", "most": "integer"},
    parse=_message_page,
    select=MESSAGE_PAGES,
)
CONVERSATION_LIST = HotRead(
    path=re.compile("chat/conversations/"),
    route="chat/conversations/",
    columns={"link": "text", "most": "integer"},
    parse=_conversation_page,
    select=CONVERSATION_PAGES,
)
