from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import health, service_worker, shell
from lyceum.core.api import Door, Unknown
from lyceum.core.errors import NotFound
from lyceum.messaging.views import offline_talk
from lyceum.realtime.asyncapi import document

handler400 = "lyceum.core.pages.bad_request"
handler403 = "lyceum.core.pages.forbidden"
handler404 = "lyceum.core.pages.not_found"
handler500 = "lyceum.core.pages.server_error"


def alive(request: HttpRequest) -> HttpResponse:
    """Answer while this process lives; asks nothing of others, whose failure a restart would not mend."""
    return JsonResponse({"status": "healthy"})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 503 while a part is missing or the process is leaving, so that a balancer sends nobody here."""
    is_ready, parts = health.readiness()
    return JsonResponse(parts, status=200 if is_ready else 503)


class Document(Door):
    """A document about the API: for everybody, in the wide quota."""

    permission_classes = (AllowAny,)
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}


class AsyncApi(Document):
    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """Read the AsyncAPI document of the WebSocket protocol."""
        return Response(document())


@cache
def openapi(renderer: Any) -> bytes:
    """Return the document as a class of renderers writes it; made once for each process."""
    document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return bytes(renderer().render(document, renderer_context={}))


class Schema(Document):
    """The OpenAPI document, as YAML or JSON by Accept."""

    content_negotiation_class = DefaultContentNegotiation
    renderer_classes = SpectacularAPIView.renderer_classes

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        return HttpResponse(openapi(renderer.__class__), content_type=f"{renderer.media_type}; charset=utf-8")


class DocumentPage(Document):
    """A page that shows the document; there while ENABLE_SWAGGER is on."""

    answers_json = False

    def check_permissions(self, request: Request) -> None:
        if not settings.ENABLE_SWAGGER:
            raise NotFound


class Swagger(DocumentPage, SpectacularSwaggerView):
    title = "Lyceum API"

    @staticmethod
    def _swagger_ui_favicon() -> str:
        return static("lyceum/icons/mark.svg")


class Redoc(DocumentPage, SpectacularRedocView):
    # The one that comes with the package asks other servers for fonts.
    template_name = "lyceum/redoc.html"


api: list[Any] = [
    path("", include("lyceum.accounts.api.urls")),
    path("chat/", include("lyceum.messaging.api.urls")),
    path("search/", include("lyceum.search.api.urls")),
    path("search/", include("lyceum.messaging.api.search_urls")),
    path("notifications/", include("lyceum.notifications.api.urls")),
    path("", include("lyceum.library.api.order_urls")),
    path("", include("lyceum.library.api.urls")),
    path("schema/", Schema.as_view(), name="schema"),
    path("asyncapi/", AsyncApi.as_view()),
    path("docs/", Swagger.as_view(url="/api/schema/")),
    path("redoc/", Redoc.as_view(url="/api/schema/")),
    re_path(".*", Unknown.as_view()),
]
urlpatterns = [
    path("", RedirectView.as_view(url="/talk/")),
    path("health/", alive),
    path("health/ready/", ready),
    path("api/v1/", include(api)),
    path("api/", include((api, "alias"), namespace="alias")),
    path("favicon.ico", shell.favicon),
    path("service-worker.js", service_worker.script),
    path("manifest.webmanifest", service_worker.manifest),
    path("offline/", service_worker.offline),
    path("offline/talk/", offline_talk),
    path("theme/", shell.set_theme, name="theme"),
    path("keys/", shell.set_keys, name="keys"),
    path("privacy/", shell.privacy, name="privacy"),
    path("admin/", admin.site.urls),
    path("", include("lyceum.accounts.urls")),
    path("", include("lyceum.accounts.oauth.urls")),
    path("notifications/", include("lyceum.notifications.urls")),
    path("", include("lyceum.monitoring.urls")),
    path("search/", include("lyceum.search.urls")),
    path("talk/", include("lyceum.messaging.urls")),
    path("library/", include("lyceum.library.orders.urls")),
    path("library/", include("lyceum.library.pages.urls")),
]
