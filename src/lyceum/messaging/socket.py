"""Commands of people's chat on sockets; they carry frames to services and hold no rule."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.contrib.auth import get_user_model

from lyceum.accounts.public import SignIn
from lyceum.core import presence
from lyceum.core.errors import DomainError, Invalid
from lyceum.core.json import has_lone_surrogate
from lyceum.core.live import push_all
from lyceum.messaging import selectors, services
from lyceum.messaging.logs import Log
from lyceum.messaging.models import Participant
from lyceum.messaging.sending import Draft, IsEphemeral, check_content, group_of
from lyceum.messaging.writer import writer
from lyceum.realtime.registry import Caller, ClientFrame, Opening, command, set_domain
from lyceum.realtime.threads import in_thread

MAX_RESUME = 500
TYPING_ENDS_SECONDS, TYPING_TOLD_SECONDS = 6.0, 3.0
MAX_INTEGER = 2**63 - 1
Sequence = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class UserMessage(ClientFrame):
    message: str
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    reply_to: UUID | None = None


class TypingIndicator(ClientFrame):
    is_typing: bool


class ReadReceipt(ClientFrame):
    sequence: Sequence


class Resume(ClientFrame):
    sequence: Sequence | None = None
    sequences: dict[UUID, Sequence] | None = None
    since: datetime | None = None


class PresenceState(ClientFrame):
    state: str


class Topic(ClientFrame):
    topic: Annotated[str, msgspec.Meta(max_length=100)]


class Ping(ClientFrame):
    pass


class Chat:
    """The domain behind the gateway."""

    def open(self, sign_in: SignIn, conversation: UUID | None) -> Opening | None:
        if conversation is not None:
            return self._open_one(sign_in, conversation)
        rows = list(selectors.visible_conversations(sign_in.user_id).values_list("pk", "last_sequence"))
        unread = selectors.unread_counts(sign_in.user_id, [row[0] for row in rows])
        listed = [{"id": pk, "sequence": last, "unread_count": unread.get(pk, 0)} for pk, last in rows]
        established = {
            "sequence": 0,
            "user": self._me(sign_in),
            "message": "Connected.",
            "conversations": listed,
        }
        groups = [
            group_of(pk)
            for pk in Participant.objects.filter(user=sign_in.user_id, conversation__ended_at=None).values_list(
                "conversation_id", flat=True
            )
        ]
        return Opening(groups, established, [self._snapshot(sign_in)])

    def _open_one(self, sign_in: SignIn, conversation: UUID) -> Opening | None:
        try:
            mine = selectors.get_participant_for(sign_in.user_id, conversation)
        except DomainError:
            return None
        established = {
            "conversation": conversation,
            "sequence": mine.conversation.last_sequence,
            "user": self._me(sign_in),
            "message": "Connected.",
        }
        return Opening([group_of(conversation)], established)

    def _me(self, sign_in: SignIn) -> dict[str, Any]:
        return {
            "id": sign_in.user_id,
            "name": f"{sign_in.first_name} {sign_in.last_name}",
            "kind": "user",
            "avatar": sign_in.avatar,
        }

    def _contacts(self, user_id: UUID) -> list[UUID]:
        mine = Participant.objects.filter(user=user_id, conversation__ended_at=None).values("conversation_id")
        others = Participant.objects.filter(conversation__in=mine).exclude(user=user_id)
        return list(others.order_by().values_list("user_id", flat=True).distinct())

    def _snapshot(self, sign_in: SignIn) -> dict[str, Any]:
        shown = get_user_model().objects.filter(pk__in=self._contacts(sign_in.user_id), show_presence=True)
        states = presence.states(shown.values_list("pk", flat=True))
        users = [{"user": user, "state": state} for user, state in states.items() if state != "offline"]
        return {"type": "presence_snapshot", "users": users}

    def beat(self, sign_in: SignIn, conversation: UUID | None, told: dict[str, int]) -> dict[str, Any]:
        if conversation is not None:
            return {"sequence": selectors.get_participant_for(sign_in.user_id, conversation).conversation.last_sequence}
        rows = selectors.visible_conversations(sign_in.user_id).values_list("pk", "last_sequence")
        moved = {str(pk): last for pk, last in rows if told.get(str(pk)) != last}
        told.update(moved)
        return {"sequences": moved}

    def opened(self, sign_in: SignIn, connection_id: str) -> None:
        before = presence.states([sign_in.user_id])[sign_in.user_id]
        presence.touch(sign_in.user_id, connection_id, "online")
        if before != "online":
            self.tell_presence(sign_in, "online")

    def closed(self, sign_in: SignIn, connection_id: str) -> None:
        presence.leave(sign_in.user_id, connection_id)
        for key in [key for key in _typing if key[0] == connection_id]:
            _typing.pop(key)[1].cancel()
            frame = {"type": "typing_indicator", "user": sign_in.user_id, "is_typing": False}
            push_all([group_of(key[1])], frame, exclude=f"user:{sign_in.user_id}")

    def went(self, sign_in: SignIn) -> None:
        state = presence.states([sign_in.user_id])[sign_in.user_id]
        if state != "online":
            self.tell_presence(sign_in, state)

    def tell_presence(self, sign_in: SignIn, state: str) -> None:
        if not get_user_model().objects.filter(pk=sign_in.user_id, show_presence=True).exists():
            return
        seen = presence.last_seen(sign_in.user_id) if state == "offline" else None
        frame = {"type": "presence", "user": sign_in.user_id, "state": state, "last_seen": _moment(seen)}
        push_all([f"user:{user_id}" for user_id in self._contacts(sign_in.user_id)], frame)


def _moment(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


chat = Chat()
set_domain(chat)


def _where(frame: ClientFrame) -> UUID:
    assert frame.conversation is not None
    return frame.conversation


@command("user_message", UserMessage)
async def send_message(caller: Caller, frame: UserMessage) -> None:
    if "\x00" in frame.message or has_lone_surrogate(frame.message):
        raise Invalid.field("message", "invalid", "It holds a character that is not allowed.")
    where = _where(frame)
    try:
        text = check_content(frame.message)
    except DomainError as err:
        # Over a socket the text stands in `message`.
        raise _renamed(err) from err
    draft = Draft(where, caller.sign_in.user_id, text, frame.client_id, frame.reply_to, caller.id)
    try:
        sent = await writer().send(draft)
    except IsEphemeral:
        sent = await in_thread(
            services.send_message,
            where,
            sender=draft.sender_id,
            content=text,
            client_id=frame.client_id,
            reply_to=frame.reply_to,
            connection_id=caller.id,
        )
    _forget_typing((caller.id, where))
    caller.answer(
        {
            "type": "user_message_received",
            "conversation": where,
            "message_id": sent.message_id,
            "client_id": frame.client_id,
            "sequence": sent.sequence,
            "content": sent.content,
            "timestamp": sent.created_at,
        }
    )


def _renamed(err: DomainError) -> DomainError:
    err.errors = [replace(e, field="message") if e.field == "content" else e for e in err.errors]
    return err


# When typing in a conversation was last told, and the timer that ends it, by connection.
_typing: dict[tuple[str, UUID], tuple[float, asyncio.TimerHandle]] = {}


@command("typing_indicator", TypingIndicator)
async def tell_typing(caller: Caller, frame: TypingIndicator) -> None:
    where = _where(frame)
    await in_thread(selectors.get_participant_for, caller.sign_in.user_id, where)
    if not caller.sign_in.show_typing:
        return
    key = (caller.id, where)
    told_at, timer = _typing.pop(key, (0.0, None))
    if timer is not None:
        timer.cancel()
    if not frame.is_typing:
        if told_at:
            await _push_typing(caller, where, is_typing=False)
        return
    moment = time.monotonic()
    loop = asyncio.get_running_loop()
    ends = loop.call_later(TYPING_ENDS_SECONDS, lambda: loop.create_task(_end_typing(caller, where)))
    is_due = moment - told_at >= TYPING_TOLD_SECONDS
    _typing[key] = (moment if is_due else told_at, ends)
    if is_due:
        await _push_typing(caller, where, is_typing=True)


def _forget_typing(key: tuple[str, UUID]) -> None:
    _, timer = _typing.pop(key, (0.0, None))
    if timer is not None:
        timer.cancel()


async def _end_typing(caller: Caller, where: UUID) -> None:
    if _typing.pop((caller.id, where), None) is not None:
        await _push_typing(caller, where, is_typing=False)


async def _push_typing(caller: Caller, where: UUID, *, is_typing: bool) -> None:
    frame = {"type": "typing_indicator", "user": caller.sign_in.user_id, "is_typing": is_typing}
    me = f"user:{caller.sign_in.user_id}"
    await in_thread(push_all, [group_of(where)], frame, exclude=me)


@command("read_receipt", ReadReceipt)
async def mark_read(caller: Caller, frame: ReadReceipt) -> None:
    await in_thread(services.mark_read, _where(frame), reader=caller.sign_in.user_id, sequence=frame.sequence)


@command("presence", PresenceState, needs_conversation=False)
async def set_presence(caller: Caller, frame: PresenceState) -> None:
    if frame.state not in ("online", "away"):
        raise Invalid.field("state", "invalid", "Say online or away.")
    await in_thread(_set_presence, caller, frame.state)


def _set_presence(caller: Caller, state: str) -> None:
    user_id = caller.sign_in.user_id
    before = presence.states([user_id])[user_id]
    presence.touch(user_id, caller.id, state)
    caller.state = state  # type: ignore[attr-defined]
    after = presence.states([user_id])[user_id]
    if after != before:
        chat.tell_presence(caller.sign_in, after)


@command("subscribe", Topic, needs_conversation=False, on_multiplexed_only=True)
async def subscribe(caller: Caller, frame: Topic) -> None:
    # Topics belong to the systems that publish them; none is published yet.
    raise DomainError("There is no such topic.", code="unknown_topic")


@command("unsubscribe", Topic, needs_conversation=False, on_multiplexed_only=True)
async def unsubscribe(caller: Caller, frame: Topic) -> None:
    raise DomainError("There is no such topic.", code="unknown_topic")


@command("ping", Ping, needs_conversation=False)
async def ping(caller: Caller, frame: Ping) -> None:
    caller.answer({"type": "pong"})


@command("resume", Resume, needs_conversation=False)
async def resume(caller: Caller, frame: Resume) -> None:
    if frame.sequences is not None:
        if len(frame.sequences) > MAX_RESUME:
            raise Invalid.field("sequences", "too_long", f"At most {MAX_RESUME} conversations at once.")
        asked = [(where, sequence, False) for where, sequence in frame.sequences.items()]
    elif frame.sequence is None:
        raise Invalid.field("sequence", "required", "Say the last sequence that you have.")
    elif frame.conversation is None:
        raise DomainError("Say which conversation is meant.", code="conversation_required")
    else:
        asked = [(frame.conversation, frame.sequence, True)]
    for where, sequence, is_single in asked:
        try:
            frames = await in_thread(_missed, caller.sign_in.user_id, where, sequence, frame.since, is_single)
        except DomainError:
            if is_single:
                raise
            continue
        for missed in frames:
            caller.answer(missed)


def _missed(user_id: UUID, where: UUID, sequence: int, since: datetime | None, is_single: bool) -> list[dict[str, Any]]:
    """Return the frames that a client with this sequence lacks, ended by `resumed`, or one `reload`."""
    participant = selectors.get_participant_for(user_id, where)
    last = participant.conversation.last_sequence
    if sequence > last:
        return [{"type": "reload", "conversation": where, "count": last - participant.visible_after}]
    log = selectors.log_of(participant)
    rows = log.run(above=sequence, limit=MAX_RESUME + 1)
    if len(rows) > MAX_RESUME:
        return [{"type": "reload", "conversation": where, "count": log.count()}]
    frames = [
        {"type": "message", "conversation": where, "message": found} for found in selectors.framed(log, rows, log.floor)
    ]
    if since is not None:
        frames = _changes(log, where, sequence, since) + frames
    if rows or is_single:
        end = rows[-1].sequence if rows else sequence
        frames.append({"type": "resumed", "conversation": where, "from": sequence, "to": end, "count": len(rows)})
    return frames


def _changes(log: Log, where: UUID, sequence: int, since: datetime) -> list[dict[str, Any]]:
    """Return edits, deletes and reactions to messages that the client has already."""
    rows = log.changed(sequence, since, MAX_RESUME)
    return [
        {"type": "message_deleted", "conversation": where, "message_id": row.pk, "sequence": row.sequence}
        if row.deleted_at
        else {"type": "message_edited", "conversation": where, "message": found}
        for row, found in zip(rows, selectors.framed(log, rows, log.floor), strict=True)
    ]
