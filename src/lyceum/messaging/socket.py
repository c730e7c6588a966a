"""Commands of people's chat on sockets; they carry frames to services and hold no rule."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from lyceum.accounts.contracts import PresenceSharingChanged
from lyceum.accounts.public import SignIn
from lyceum.core import presence, topics
from lyceum.core.errors import DomainError, Invalid, NotFound
from lyceum.core.events import on
from lyceum.core.json import has_lone_surrogate
from lyceum.core.live import Push, make_push, publish, publish_soon
from lyceum.messaging import frames, selectors, services, shapes, standing, typing  # noqa: F401  # `frames` registers its models
from lyceum.messaging.attachments import MAX_A_MESSAGE
from lyceum.messaging.catching_up import MAX_RESUME, missed_frames, moved_conversations
from lyceum.messaging.models import Participant
from lyceum.messaging.sending import Draft, IsEphemeral, Sent, check_content, group_of
from lyceum.messaging.writer import writer
from lyceum.realtime.registry import Beat, Caller, ClientFrame, Done, Opening, command, set_domain, started_command
from lyceum.realtime.threads import in_thread

MAX_INTEGER = 2**63 - 1
Sequence = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class UserMessage(ClientFrame):
    """A message; its acknowledgement is `user_message_received`."""

    message: str
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    reply_to: UUID | None = None
    attachments: list[UUID] = []


class TypingIndicator(ClientFrame):
    """Typing begins, goes on or ends; it ends by itself after 6 seconds."""

    is_typing: bool


class ReadReceipt(ClientFrame):
    """Everything up to this sequence was read."""

    sequence: Sequence


class Resume(ClientFrame):
    """The last sequence that the client has, of one conversation or on `/ws/` of many."""

    sequence: Sequence | None = None
    sequences: dict[UUID, Sequence] | None = None
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class PresenceState(ClientFrame):
    """What this device says of its person."""

    state: Literal["online", "away"]


class Topic(ClientFrame):
    """A topic of `/ws/`: `alerts`, `jobs`, `figures:<name>` or `map:<area>`."""

    topic: Annotated[str, msgspec.Meta(max_length=100)]


class Ping(ClientFrame):
    """Answered by `pong`."""


class Chat:
    """The domain behind the gateway."""

    async def groups(self, sign_in: SignIn, conversation: UUID | None) -> dict[str, int] | None:
        # Hidden ones too: their next message shows them again.
        found = {group_of(at.id): at.visible_after for at in await standing.places(sign_in.user_id, conversation)}
        return found if found or conversation is None else None

    async def open(self, sign_in: SignIn, conversation: UUID | None) -> Opening | None:
        established = {"user": _me(sign_in), "message": "Connected."}
        found = await standing.standing(sign_in.user_id, conversation)
        if conversation is None:
            listed = [{"id": pk, "sequence": last, "unread_count": found.unread[pk]} for pk, last in found.last.items()]
            here = [{"user": user, "state": state} for user, state in found.present]
            snapshot = {"type": "presence_snapshot", "users": here}
            return Opening({**established, "sequence": 0, "conversations": listed}, [snapshot])
        if conversation not in found.last:
            return None
        told = [shapes.presence(user, state) for user, state in found.present]
        return Opening({**established, "conversation": conversation, "sequence": found.last[conversation]}, told)

    async def beat(self, sign_in: SignIn, conversation: UUID | None, told: dict[str, int]) -> Beat | None:
        places = await standing.places(sign_in.user_id, conversation)
        groups = {group_of(at.id): at.visible_after for at in places}
        if conversation is not None:
            return Beat({"conversation": conversation, "sequence": places[0].last}, groups) if places else None
        moved = {str(at.id): at.last for at in places if not at.is_hidden and told.get(str(at.id)) != at.last}
        told.update(moved)
        return Beat({"sequences": moved}, groups)

    async def opened(self, sign_in: SignIn, connection_id: str) -> None:
        before, _ = await presence.change(sign_in.user_id, connection_id, "online")
        if before != "online":
            await self.tell_presence(sign_in.user_id, "online")

    async def closed(self, caller: Caller) -> None:
        ended = typing.forget_all(caller)
        await presence.leave(caller.sign_in.user_id, caller.id, caller.state)
        for where in ended:
            await typing.tell(caller, where, is_typing=False)

    async def went(self, user_id: UUID) -> None:
        state = (await presence.states_of([user_id]))[user_id]
        if state != "online":
            await self.tell_presence(user_id, state)

    async def tell_presence(self, user_id: UUID, state: str) -> None:
        """Tell it to the conversations of a person who shows it."""
        if not (groups := [group_of(pk) for pk in await standing.audience(user_id)]):
            return
        seen = await presence.last_seen(user_id) if state == "offline" else None
        last_seen = None if seen is None else datetime.fromtimestamp(seen, UTC)
        await publish_soon([_presence_push(user_id, groups, shapes.presence(user_id, state, last_seen))])


def _presence_push(user_id: UUID, groups: list[str], frame: dict[str, Any]) -> Push:
    """Make one push for all: what it costs does not grow with the number of people in the conversations."""
    told = make_push("", frame, exclude=f"user:{user_id}")
    return msgspec.structs.replace(told, group=groups[0], also=tuple(groups[1:]))


@on(PresenceSharingChanged)
def follow_sharing(event: PresenceSharingChanged) -> None:
    """Let a person who hides be gone for the others, and one who shows themselves again be there."""
    user_id = UUID(event.user_id)
    state = presence.states([user_id])[user_id] if event.is_shown else "offline"
    mine = Participant.objects.filter(user=user_id, conversation__ended_at=None)
    if groups := [group_of(pk) for pk in mine.values_list("conversation_id", flat=True)]:
        publish([_presence_push(user_id, groups, shapes.presence(user_id, state))])


def _me(sign_in: SignIn) -> dict[str, Any]:
    return {
        "id": sign_in.user_id,
        "name": f"{sign_in.first_name} {sign_in.last_name}".rstrip(),
        "kind": sign_in.kind,
        "avatar": sign_in.avatar,
    }


chat = Chat()
set_domain(chat)


def _where(frame: ClientFrame) -> UUID:
    assert frame.conversation is not None
    return frame.conversation


@started_command("user_message", UserMessage)
def send_message(caller: Caller, frame: UserMessage, done: Done) -> None:
    """Put a message into the writer's next batch; acknowledged and done when it is durable."""
    for name, text in (("message", frame.message), ("client_id", frame.client_id or "")):
        if "\x00" in text or has_lone_surrogate(text):
            raise Invalid.field(name, "invalid", "It holds a character that is not allowed.")
    if len(frame.attachments) > MAX_A_MESSAGE:
        raise Invalid.field("attachments", "too_long", f"A message has at most {MAX_A_MESSAGE} attachments.")
    where = _where(frame)
    try:
        text = check_content(frame.message, has_files=bool(frame.attachments))
    except DomainError as err:
        # Over a socket the text stands in `message`.
        raise _renamed(err) from err
    draft = Draft(
        where,
        caller.sign_in.user_id,
        text,
        frame.client_id,
        frame.reply_to,
        caller.id,
        tuple(dict.fromkeys(frame.attachments)),
    )
    slow = caller.kept.get("slow_send")
    if draft.attachments or (slow is not None and not slow.done()):
        _send_slowly(caller, draft, done)
        return

    def settle(future: "asyncio.Future[Sent]") -> None:
        err = future.exception()
        if err is None:
            acknowledge(caller, draft, future.result())
            done(None)
        elif isinstance(err, IsEphemeral):
            _send_slowly(caller, draft, done)
        else:
            done(err)

    caller.kept["quick_send"] = sending = writer().send(draft)
    sending.add_done_callback(settle)


def acknowledge(caller: Caller, draft: Draft, sent: Sent) -> None:
    typing.forget(caller, draft.conversation_id)
    caller.answer(
        {
            "type": "user_message_received",
            "conversation": draft.conversation_id,
            "message_id": sent.message_id,
            "client_id": draft.client_id,
            "sequence": sent.sequence,
            "content": sent.content,
            "timestamp": sent.created_at,
        },
        behind=group_of(draft.conversation_id),
    )


def _send_slowly(caller: Caller, draft: Draft, done: Done) -> None:
    """Send what is not for the writer, with files or into Valkey, behind all that came before on the connection."""
    before = [caller.kept[name] for name in ("slow_send", "quick_send") if name in caller.kept]
    caller.kept["slow_send"] = asyncio.ensure_future(_send_in_thread(caller, draft, done, before))


async def _send_in_thread(caller: Caller, draft: Draft, done: Done, before: "list[asyncio.Future[Any]]") -> None:
    if waiting := [future for future in before if not future.done()]:
        await asyncio.wait(waiting)
    try:
        sent = await in_thread(
            services.send_message,
            draft.conversation_id,
            sender=draft.sender_id,
            content=draft.content,
            client_id=draft.client_id,
            reply_to=draft.reply_to,
            connection_id=draft.connection_id,
            attachments=draft.attachments,
        )
    except Exception as err:  # noqa: BLE001  # the gateway tells what it was
        done(err)
        return
    acknowledge(caller, draft, sent)
    done(None)


def _renamed(err: DomainError) -> DomainError:
    err.errors = [replace(e, field="message") if e.field == "content" else e for e in err.errors]
    return err


@command("typing_indicator", TypingIndicator)
async def tell_typing(caller: Caller, frame: TypingIndicator) -> None:
    where = _where(frame)
    if await in_thread(selectors.shows_typing, caller.sign_in.user_id, where):
        await typing.note(caller, where, is_typing=frame.is_typing)


@command("read_receipt", ReadReceipt)
async def mark_read(caller: Caller, frame: ReadReceipt) -> None:
    await in_thread(services.mark_read, _where(frame), reader=caller.sign_in.user_id, sequence=frame.sequence)


@command("presence", PresenceState, needs_conversation=False)
async def set_presence(caller: Caller, frame: PresenceState) -> None:
    user_id = caller.sign_in.user_id
    before, after = await presence.change(user_id, caller.id, frame.state)
    caller.state = frame.state
    if after != before:
        await chat.tell_presence(user_id, after)


def _check_topic(caller: Caller, topic: str) -> None:
    if not topics.is_open_to(topic, caller.sign_in.scopes):
        raise DomainError("There is no such topic.", code="unknown_topic")


@command("subscribe", Topic, needs_conversation=False, on_multiplexed_only=True)
async def subscribe(caller: Caller, frame: Topic) -> None:
    _check_topic(caller, frame.topic)
    user_id = caller.sign_in.user_id
    # Joined first: what happens while the beginning is read is not missed.
    caller.hear(topics.group_of(frame.topic, user_id))
    for told in await in_thread(topics.opening, frame.topic, user_id):
        caller.answer(dict(told))


@command("unsubscribe", Topic, needs_conversation=False, on_multiplexed_only=True)
async def unsubscribe(caller: Caller, frame: Topic) -> None:
    _check_topic(caller, frame.topic)
    caller.unhear(topics.group_of(frame.topic, caller.sign_in.user_id))


@command("ping", Ping, needs_conversation=False)
async def ping(caller: Caller, frame: Ping) -> None:
    caller.answer({"type": "pong"})


@command("resume", Resume, needs_conversation=False)
async def resume(caller: Caller, frame: Resume) -> None:
    if frame.sequences is not None:
        await _resume_many(caller, frame.sequences, frame.since)
    elif frame.sequence is None:
        raise Invalid.field("sequence", "required", "Say the last sequence that you have.")
    elif frame.conversation is None:
        raise DomainError("Say which conversation is meant.", code="conversation_required")
    else:
        where, sequence = frame.conversation, frame.sequence
        for missed in await in_thread(missed_frames, caller.sign_in.user_id, where, sequence, frame.since):
            caller.answer(missed)


async def _resume_many(caller: Caller, sequences: dict[UUID, int], since: datetime | None) -> None:
    """Answer for each conversation in which something is new; nothing for the others and for what is not theirs."""
    if caller.conversation is not None:
        raise DomainError("Several conversations are served on /ws/.", code="wrong_socket")
    if len(sequences) > MAX_RESUME:
        raise Invalid.field("sequences", "too_long", f"At most {MAX_RESUME} conversations at once.")
    for where in await in_thread(moved_conversations, caller.sign_in.user_id, sequences, since):
        try:
            frames = await in_thread(missed_frames, caller.sign_in.user_id, where, sequences[where], since)
        except NotFound:
            continue
        is_new = len(frames) > 1 or frames[0].get("count") or frames[0]["type"] == "reload"
        for missed in frames if is_new else []:
            caller.answer(missed)
