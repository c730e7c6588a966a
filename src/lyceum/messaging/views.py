from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie

from lyceum.messaging import selectors


@login_required
@ensure_csrf_cookie
def talk(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The shell of Talk; what it shows comes from the API and the socket."""
    me = UUID(str(request.user.pk))
    if conversation_id is not None:
        selectors.get_participant_for(me, conversation_id)
    return render(request, "messaging/talk.html", {"me": {"id": str(me), "name": str(request.user)}})
