"""Puts the demo content into the database: rules by services, messages in bulk."""

from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts.models import User
from lyceum.config.demo import catalogue
from lyceum.config.demo.files import FILES
from lyceum.config.demo.people import make_people
from lyceum.config.demo.scripts import Line, Script, scripts
from lyceum.core.errors import NotAllowed
from lyceum.core.events import publish
from lyceum.core.ids import uuid7
from lyceum.core.models import AuditEntry
from lyceum.messaging import attachments, selectors, services
from lyceum.messaging.contracts import MessageSent
from lyceum.messaging.ephemeral import EphemeralLog, Kept
from lyceum.messaging.mentions import find_mentions
from lyceum.messaging.models import Conversation, Message, Participant, Reaction

REMOVED = "demo.removed"
NOTICE_BEFORE = timedelta(minutes=1)
People = dict[str, User]


def offer() -> None:
    """Load the demo content into a fresh workspace: one without people, from which it was never removed."""
    was_removed = AuditEntry.objects.filter(action=REMOVED).exists()
    if not (settings.PRODUCTION or was_removed or User.objects.exists()):
        load()


def check_allowed() -> None:
    if settings.PRODUCTION:
        raise NotAllowed("Demo content has sign-ins that everybody knows; it is not loaded in production.")


def count_own_people() -> int:
    """Return how many people, services among them, are here besides those of the demo content."""
    return User.objects.filter(is_demo=False).count()


@transaction.atomic
def load(now: datetime | None = None) -> None:
    """Make the demo workspace, as if it were `now`; does nothing where it is.

    Raises NotAllowed in production: its passwords are known.
    """
    check_allowed()
    if User.objects.filter(is_demo=True).exists():
        return
    people, moment = make_people(), now or timezone.now()
    catalogue.fill(people, moment)
    for script in scripts():
        lines = script.lines(moment)
        conversation = _open(script, people, lines[0].at - NOTICE_BEFORE)
        if script.retention == Conversation.Retention.EPHEMERAL:
            _say_ephemeral(conversation, people, lines)
        else:
            _say(conversation, people, lines, script.notice)
        _mark_read(conversation, people, lines, script)


def _open(script: Script, people: People, at: datetime) -> Conversation:
    members = [people[name].pk for name in script.people]
    if script.kind == Conversation.Kind.DIRECT:
        conversation, _ = services.create_direct(members[0], members[1])
    else:
        conversation = services.create_group(
            members[0], name=script.name or "", members=members[1:], history="all", retention=script.retention
        )
    owners = [people[name] for name in script.owners]
    conversation.participants.filter(user__in=owners).update(role=Participant.Role.OWNER)
    conversation.participants.update(joined_at=at)
    conversation.created_at = at
    conversation.save(update_fields=["created_at"])
    return conversation


def _say(conversation: Conversation, people: People, lines: list[Line], notice: str) -> None:
    """Write the lines as rows, numbered from 1; the conversation is new, so nobody else gives numbers."""
    rows: list[Message] = []
    if notice:
        first = conversation.created_at
        rows.append(_row(conversation, 1, people[lines[0].who], notice, first, message_type="system"))
    members = list(conversation.participants.values_list("user_id", "user__first_name", "user__last_name"))
    named: dict[str, Message] = {}
    for line in lines:
        row = _row(conversation, len(rows) + 1, people[line.who], line.text, line.at)
        _finish(row, line, find_mentions(line.text, members), named[line.to] if line.to else None)
        if line.id is not None:
            named[line.id] = row
        rows.append(row)
    Message.objects.bulk_create(rows)
    said = rows[-len(lines) :]
    _react(said, people, lines)
    for row, line in zip(said, lines, strict=True):
        _attach(row, line)
    _advance(conversation, len(rows), rows[-1].created_at)
    for row in rows:
        publish(_fact(conversation.pk, row.pk, row.sender_id, row.sequence))


def _row(
    conversation: Conversation,
    sequence: int,
    sender: User,
    text: str,
    at: datetime,
    *,
    message_type: str = "user",
) -> Message:
    return Message(
        id=uuid7(at),
        conversation=conversation,
        sequence=sequence,
        sender=sender,
        message_type=message_type,
        content=text,
        created_at=at,
    )


def _finish(row: Message, line: Line, mentioned: list[UUID], original: Message | None) -> None:
    """Put on a row what came with its line and after it."""
    if mentioned:
        row.metadata = {"mentions": [str(user_id) for user_id in mentioned]}
    if original is not None:
        row.reply_to, row.thread_root = original, original.thread_root or original
    if line.edited is not None:
        row.edited_at = row.changed_at = line.at + timedelta(minutes=line.edited)
        row.version += 1
    if line.deleted:
        row.deleted_at = row.changed_at = line.at + timedelta(minutes=1)
        row.content, row.metadata, row.version = "", {}, row.version + 1


def _attach(row: Message, line: Line) -> None:
    assert row.sender_id is not None
    sent = []
    for name in line.files:
        data = FILES[name]()
        sent.append(attachments.upload(row.sender_id, BytesIO(data), name=name, size=len(data)))
    attachments.send(
        sent,
        [file.pk for file in sent],
        conversation_id=row.conversation_id,
        message_id=row.pk,
        sequence=row.sequence,
        expires_at=None,
    )


def _fact(conversation_id: UUID, message_id: UUID, sender_id: UUID | None, sequence: int) -> MessageSent:
    return MessageSent(
        message_id=str(message_id),
        conversation_id=str(conversation_id),
        sender_id=str(sender_id),
        sequence=sequence,
    )


def _react(rows: list[Message], people: People, lines: list[Line]) -> None:
    Reaction.objects.bulk_create(
        Reaction(message=row, user=people[name], emoji=emoji, created_at=line.at + timedelta(minutes=2))
        for row, line in zip(rows, lines, strict=True)
        for emoji, names in line.reactions.items()
        for name in names.split()
    )


def _say_ephemeral(conversation: Conversation, people: People, lines: list[Line]) -> None:
    """Put the lines into Valkey, as a send does under the conversation's lock."""
    owner = selectors.get_participant_for(people[lines[0].who].pk, conversation.pk)
    log = EphemeralLog(owner)
    members = list(conversation.participants.values_list("user_id", "user__first_name", "user__last_name"))
    named: dict[str, Kept] = {}
    for sequence, line in enumerate(lines, start=1):
        kept = Kept(uuid7(line.at), sequence, people[line.who].pk, line.text, None, "", line.at)
        if line.to is not None:
            original = named[line.to]
            kept.reply_to, kept.reply_sequence = original.id, original.sequence
            kept.thread_root = original.thread_root or original.id
        if line.id is not None:
            named[line.id] = kept
        kept.mentions = find_mentions(line.text, members)
        kept.reactions = [(emoji, [people[name].pk for name in who.split()]) for emoji, who in line.reactions.items()]
        log.add(kept)
        publish(_fact(conversation.pk, kept.id, kept.sender, sequence))
    _advance(conversation, len(lines), lines[-1].at)


def _advance(conversation: Conversation, last: int, at: datetime) -> None:
    conversation.last_sequence, conversation.updated_at = last, at
    conversation.save(update_fields=["last_sequence", "updated_at"])


def _mark_read(conversation: Conversation, people: People, lines: list[Line], script: Script) -> None:
    """Set everybody's mark: to the end but for their unread lines, and never before what they said themselves."""
    before = conversation.last_sequence - len(lines)
    own = {line.who: before + index for index, line in enumerate(lines, start=1)}
    for name in script.people:
        mark = max(conversation.last_sequence - script.unread.get(name, 0), own.get(name, 0))
        conversation.participants.filter(user=people[name]).update(read_sequence=mark)
