from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from lyceum.core import pages, service_worker
from lyceum.core.errors import NotFound
from lyceum.messaging import selectors, services


@pages.signed_in
@ensure_csrf_cookie
def talk(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The shell of Talk; what it shows comes from the API and the socket."""
    me = UUID(str(request.user.pk))
    if conversation_id is not None:
        selectors.get_participant_for(me, conversation_id)
    known = {
        "id": str(me),
        "name": str(request.user),
        "avatar": getattr(request.user, "avatar_url", None),
        "timezone": getattr(request.user, "timezone", settings.TIME_ZONE),
        "ephemeral_hours": settings.EPHEMERAL_HOURS,
    }
    return render(request, "messaging/talk.html", {"me": known, "conversation_id": conversation_id})


@require_safe
def offline_talk(request: HttpRequest) -> HttpResponse:
    """The shell of Talk without a person, which the service worker shows where there is no network."""
    return render(
        service_worker.as_nobody(request), "messaging/talk.html", {"me": None, "shell": True, "me_shell": True}
    )


@pages.signed_in
@require_POST
def write_to(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Open the conversation with a person, which begins now if there was none."""
    me = UUID(str(request.user.pk))
    if user_id == me or not get_user_model().objects.filter(pk=user_id, is_active=True).exists():
        raise NotFound("There is no such person.")
    conversation, _is_new = services.create_direct(me, user_id)
    return pages.go(request, reverse("talk:conversation", args=[conversation.pk]))
