from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from lyceum.realtime.asyncapi import document

handler400 = "lyceum.core.problems.bad_request"
handler404 = "lyceum.core.problems.not_found"
handler500 = "lyceum.core.problems.server_error"


def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


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
    path("health/", health),
    path("health/ready/", health),
    path("api/v1/", include(api)),
    path("api/", include((api, "alias"), namespace="alias")),
    path("", include("lyceum.accounts.urls")),
    path("talk/", include("lyceum.messaging.urls")),
]
