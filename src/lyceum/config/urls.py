from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from lyceum.core import health
from lyceum.realtime.asyncapi import document

handler400 = "lyceum.core.problems.bad_request"
handler404 = "lyceum.core.problems.not_found"
handler500 = "lyceum.core.problems.server_error"


def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database or Valkey does not, so that a balancer sends nobody here."""
    is_ready = health.store_answers() and health.live_answers()
    return JsonResponse({"status": "ok" if is_ready else "unavailable"}, status=200 if is_ready else 503)


def asyncapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document())


OPEN = {"authentication_classes": [], "permission_classes": [AllowAny]}
api: list[Any] = [
    path("", include("lyceum.accounts.api.urls")),
    path("chat/", include("lyceum.messaging.api.urls")),
    path("schema/", SpectacularAPIView.as_view(**OPEN), name="schema"),
    path("asyncapi/", asyncapi),
]
if settings.ENABLE_SWAGGER:
    api += [
        path("docs/", SpectacularSwaggerView.as_view(url="/api/schema/", **OPEN)),
        path("redoc/", SpectacularRedocView.as_view(url="/api/schema/", **OPEN)),
    ]
urlpatterns = [
    path("", RedirectView.as_view(url="/talk/")),
    path("health/", alive),
    path("health/ready/", ready),
    path("api/v1/", include(api)),
    path("api/", include((api, "alias"), namespace="alias")),
    path("", include("lyceum.accounts.urls")),
    path("talk/", include("lyceum.messaging.urls")),
]
