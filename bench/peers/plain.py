"""A plain REST framework view of messages: model serializers, pagination, rows fetched with what they refer to."""

from django.core.asgi import get_asgi_application
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import ListAPIView
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import IsAuthenticated

application = get_asgi_application()

from lyceum.accounts.models import Token, User  # noqa: E402  # models come after the setup
from lyceum.accounts.tokens import token_hash  # noqa: E402
from lyceum.messaging.models import Message, Participant, Reaction  # noqa: E402


class BearerToken(BaseAuthentication):
    def authenticate(self, request):
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        found = Token.objects.select_related("family__user").filter(hash=token_hash(key)).first()
        if found is None or found.expires_at < timezone.now():
            raise AuthenticationFailed
        return found.family.user, found


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "first_name", "last_name"]


class ReactionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Reaction
        fields = ["emoji", "user"]


class MessageSerializer(serializers.ModelSerializer):
    sender = PersonSerializer()
    reactions = ReactionSerializer(many=True)

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation",
            "sequence",
            "client_id",
            "sender",
            "message_type",
            "content",
            "created_at",
            "reply_to",
            "thread_root",
            "reactions",
            "edited_at",
            "deleted_at",
        ]


class Messages(ListAPIView):
    authentication_classes = [BearerToken]
    permission_classes = [IsAuthenticated]
    serializer_class = MessageSerializer
    pagination_class = LimitOffsetPagination

    def get_queryset(self):
        room = self.kwargs["room"]
        if not Participant.objects.filter(conversation=room, user=self.request.user).exists():
            return Message.objects.none()
        rows = Message.objects.filter(conversation=room).order_by("-sequence")
        return rows.select_related("sender").prefetch_related("reactions")


urlpatterns = [path("rooms/<uuid:room>/messages/", Messages.as_view())]
