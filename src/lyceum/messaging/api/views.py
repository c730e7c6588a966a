from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import health, paging
from lyceum.core.api import Door, check_if_match, etag, flag, number, read
from lyceum.core.errors import FieldError, Invalid
from lyceum.core.idempotency import FleetingResponse
from lyceum.core.openapi import whole
from lyceum.messaging import membership, selectors, services, shapes
from lyceum.messaging.api import serializers as forms
from lyceum.messaging.ephemeral import life
from lyceum.messaging.logs import Log
from lyceum.messaging.models import Conversation, Message, Participant
from lyceum.messaging.scopes import READ, READ_AND_WRITE
from lyceum.notifications import public as notifications

MAX_PAGE = 200
SEQUENCES = [
    *(whole(name, default=None) for name in ("before", "after", "around")),
    whole("limit", default=50, low=1, high=MAX_PAGE),
]


def user_id(request: Request) -> UUID:
    return UUID(str(request.user.pk))


def find_people(ids: list[UUID], field: str) -> list[Any]:
    """Return the active people with these ids; raises Invalid with one entry for each unknown id."""
    found = {user.pk: user for user in get_user_model().objects.filter(pk__in=ids, is_active=True)}
    missing = [
        FieldError(f"{field}.{index}" if field == "participants" else field, "not_found", "There is no such person.")
        for index, identity in enumerate(ids)
        if identity not in found
    ]
    if missing:
        raise Invalid(errors=missing)
    return [found[identity] for identity in dict.fromkeys(ids)]


def message_data(row: Message, log: Log, viewer: UUID) -> dict[str, Any]:
    return selectors.shaped(log, [row], viewer)[0]


def _matching(request: Request) -> Callable[[Message], None]:
    """Return the check of a change that it meets the state which the request names."""
    return lambda message: check_if_match(request, etag(message.pk, message.version))


class ConversationList(Door):
    scopes = READ_AND_WRITE
    creates = True

    @extend_schema(
        parameters=[
            *paging.PARAMETERS,
            OpenApiParameter("ended", str, enum=["true", "false"], description="Groups that one may restore."),
        ],
        responses=forms.ConversationPage,
    )
    def get(self, request: Request) -> Response:
        """List one's conversations, the last active first."""
        me = user_id(request)
        is_ended = flag(request, "ended")
        rows = selectors.ended_conversations(me) if is_ended else selectors.visible_conversations(me)
        found, links = paging.page(request, rows, "updated_at")
        return Response({"results": selectors.describe(me, found), **links})

    @extend_schema(request=forms.ConversationBody, responses={200: forms.ConversationView, 201: forms.ConversationView})
    def post(self, request: Request) -> Response:
        """Begin a conversation; the one of a pair is found again."""
        me = user_id(request)
        body = read(forms.ConversationBody, request)
        others = [user for user in find_people(body["participants"], "participants") if user.pk != me]
        kept = {"retention": body["retention"]} if "retention" in body else {}
        if body["kind"] == "direct":
            if len(others) != 1:
                raise Invalid.field("participants", "invalid", "A direct conversation has exactly two people.")
            conversation, is_new = services.create_direct(me, others[0].pk, **kept)
        else:
            is_new = True
            conversation = services.create_group(
                me,
                name=body["name"],
                members=[user.pk for user in others],
                history=body.get("history", "joined"),
                **kept,
            )
        conversation = selectors.get_participant_for(me, conversation.pk).conversation
        answer = selectors.describe(me, [conversation])[0]
        return Response(answer, status=201 if is_new else 200)


class ConversationDetail(Door):
    scopes = READ_AND_WRITE
    conditional = ("PATCH", "DELETE")

    @extend_schema(responses=forms.ConversationView)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read a conversation."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        return self._answer(request, participant.conversation)

    @extend_schema(request=forms.ConversationPatch, responses=forms.ConversationView)
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        """Change a group, or what it notifies oneself of."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        changes = read(forms.ConversationPatch, request)
        services.update_conversation(participant, check=self._check, **changes)
        fresh = selectors.get_participant_for(user_id(request), conversation_id)
        return self._answer(request, fresh.conversation)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "for",
                str,
                enum=["everyone"],
                description="`everyone`: an owner ends the group for all, and may restore it for 30 days. Left out: "
                "one leaves the group oneself, or hides the direct conversation until its next message.",
            )
        ],
        responses={204: None},
    )
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Leave a group or hide a direct conversation; end a group for everyone."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        match request.query_params.get("for"):
            case "everyone":
                services.end_conversation(participant, check=self._check)
            case None:
                services.hide_conversation(participant, check=self._check)
            case _:
                raise Invalid.field("for", "invalid", "Say for=everyone, or leave it out.")
        return Response(status=204)

    def _check(self, row: Conversation) -> None:
        check_if_match(self.request, etag(row.pk, row.version))

    def _answer(self, request: Request, conversation: Conversation) -> Response:
        data = selectors.describe(user_id(request), [conversation])[0]
        return Response(data, headers={"ETag": etag(conversation.pk, conversation.version)})


class ConversationWebhooks(Door):
    scopes = READ

    @extend_schema(responses=forms.ListenerList)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """List the webhooks that have the texts of a conversation."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        found = notifications.attached(participant.conversation_id)
        return Response({"results": [asdict(one) for one in found]})


class ConversationWebhook(Door):
    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, conversation_id: UUID, webhook_id: UUID) -> Response:
        """Let a webhook have the texts of a group that one owns."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        services.let_listen(participant, webhook_id, listen=True)
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, webhook_id: UUID) -> Response:
        """Let a webhook have the texts of a group no longer."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        services.let_listen(participant, webhook_id, listen=False)
        return Response(status=204)


class ConversationRestore(Door):
    scopes = READ_AND_WRITE

    @extend_schema(request=None, responses=forms.ConversationView)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Undo the end of a group, within 30 days."""
        conversation = services.restore_conversation(request.user, conversation_id)
        return Response(selectors.describe(user_id(request), [conversation])[0])


class MemberList(Door):
    scopes = READ_AND_WRITE
    creates = True

    @extend_schema(responses=forms.MemberList)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """List the members."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        members = participant.conversation.participants.select_related("user").order_by("joined_at", "pk")
        return Response({"results": [_member_data(member) for member in members]})

    @extend_schema(request=forms.MemberBody, responses={200: forms.ParticipantView, 201: forms.ParticipantView})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Add a member to a group."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        body = read(forms.MemberBody, request)
        membership.check_owner(participant)
        user = find_people([body["user"]], "user")[0]
        member, is_new = membership.add_member(participant, user, role=body.get("role", "member"))
        return Response(_member_data(member), status=201 if is_new else 200)


def _member_data(member: Participant) -> dict[str, Any]:
    return {**shapes.person(member.user), "role": member.role, "read_sequence": member.read_sequence}


class MemberDetail(Door):
    scopes = READ_AND_WRITE

    @extend_schema(request=forms.RoleBody, responses=forms.ParticipantView)
    def patch(self, request: Request, conversation_id: UUID, member_id: UUID) -> Response:
        """Change a member's role."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        role = read(forms.RoleBody, request)["role"]
        return Response(_member_data(membership.change_role(participant, member_id, role)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, member_id: UUID) -> Response:
        """Remove a member from a group."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        membership.remove_member(participant, member_id)
        return Response(status=204)


class ConversationLeave(Door):
    scopes = READ_AND_WRITE

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Leave a group."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        membership.remove_member(participant, participant.user_id)
        return Response(status=204)


class MessageList(Door):
    scopes = READ_AND_WRITE
    creates = True
    limit_classes = {"POST": ("api", "send")}

    @extend_schema(parameters=SEQUENCES, responses=forms.MessagePage)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read a page of messages by sequence, oldest first."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        log = selectors.log_of(participant)
        found, has_more = selectors.message_page(
            log,
            participant.user_id,
            before=number(request, "before", default=None),
            after=number(request, "after", default=None),
            around=number(request, "around", default=None),
            limit=number(request, "limit", default=50, low=1, high=MAX_PAGE) or 50,
        )
        return Response({"results": found, "has_more": has_more})

    @extend_schema(request=forms.MessageBody, responses={200: forms.MessageView, 201: forms.MessageView})
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Send a message."""
        me = user_id(request)
        participant = selectors.get_participant_for(me, conversation_id)
        body = read(forms.MessageBody, request)
        sent = services.send_message(
            conversation_id,
            sender=me,
            content=body["content"],
            client_id=body.get("client_id"),
            reply_to=body.get("reply_to"),
            attachments=body.get("attachments", ()),
        )
        log = selectors.log_of(selectors.get_participant_for(me, conversation_id))
        message = selectors.get_message_for(log, sent.message_id)
        answer, status = message_data(message, log, me), 201 if sent.is_new else 200
        if participant.conversation.retention == Conversation.Retention.EPHEMERAL:
            return FleetingResponse(answer, seconds=int(life().total_seconds()), status=status)
        return Response(answer, status=status)


class MessageDetail(Door):
    scopes = READ_AND_WRITE
    conditional = ("PATCH", "DELETE")

    @extend_schema(responses=forms.MessageView)
    def get(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        """Read one message."""
        log = selectors.log_of(selectors.get_participant_for(user_id(request), conversation_id))
        return self._answer(request, log, selectors.get_message_for(log, message_id))

    @extend_schema(request=forms.ContentBody, responses=forms.MessageView)
    def patch(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        """Edit one's own message."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        body = read(forms.ContentBody, request)
        services.edit_message(participant, message_id, content=body["content"], check=_matching(request))
        log = selectors.log_of(participant)
        return self._answer(request, log, selectors.get_message_for(log, message_id))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        """Delete a message; its place stays."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        services.delete_message(participant, message_id, check=_matching(request))
        return Response(status=204)

    def _answer(self, request: Request, log: Log, message: Message) -> Response:
        data = message_data(message, log, user_id(request))
        return Response(data, headers={"ETag": etag(message.pk, message.version)})


class MessageThread(Door):
    scopes = READ_AND_WRITE

    @extend_schema(parameters=[whole("limit", default=MAX_PAGE, low=1, high=MAX_PAGE)], responses=forms.MessagePage)
    def get(self, request: Request, conversation_id: UUID, message_id: UUID) -> Response:
        """Read a thread: its root and the replies."""
        me = user_id(request)
        log = selectors.log_of(selectors.get_participant_for(me, conversation_id))
        limit = number(request, "limit", default=MAX_PAGE, low=1, high=MAX_PAGE) or MAX_PAGE
        message = selectors.get_message_for(log, message_id)
        root = selectors.get_message_for(log, message.thread_root_id or message.pk)
        rows = [root, *log.thread(root.pk, limit + 1)]
        return Response({"results": selectors.shaped(log, rows[: limit + 1], me), "has_more": len(rows) > limit + 1})


class MessageReaction(Door):
    scopes = READ_AND_WRITE
    refusals = {"PUT": (409,)}

    @extend_schema(request=None, responses=forms.ReactionsView)
    def put(self, request: Request, conversation_id: UUID, message_id: UUID, emoji: str) -> Response:
        """React with an emoji."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        return Response({"reactions": services.react(participant, message_id, emoji, add=True)})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, message_id: UUID, emoji: str) -> Response:
        """Take a reaction back."""
        participant = selectors.get_participant_for(user_id(request), conversation_id)
        services.react(participant, message_id, emoji, add=False)
        return Response(status=204)


class Read(Door):
    scopes = READ_AND_WRITE

    @extend_schema(request=forms.ReadBody, responses=forms.ReadView)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Say up to where one has read."""
        me = user_id(request)
        selectors.get_participant_for(me, conversation_id)
        sequence = read(forms.ReadBody, request)["sequence"]
        return Response(services.mark_read(conversation_id, reader=me, sequence=sequence))


class Unread(Door):
    scopes = READ
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}

    @extend_schema(responses=forms.UnreadView)
    def get(self, request: Request) -> Response:
        """Count what is unread, without what one muted."""
        return Response({"unread_count": selectors.unread_total(user_id(request))})


class Health(Door):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}
    fails_open = True

    @extend_schema(responses={200: forms.HealthView, 503: forms.HealthView})
    def get(self, request: Request) -> Response:
        """Tell whether chat works."""
        store, live = health.store_answers(), health.live_answers()
        words = {True: "healthy", False: "unhealthy"}
        answer = {
            "status": words[store and live],
            "gateway": words[live],
            "store": words[store],
            "live": words[live],
        }
        return Response(answer, status=200 if store else 503)
