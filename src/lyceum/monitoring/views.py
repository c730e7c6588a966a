import secrets

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from lyceum.core import pages
from lyceum.core.errors import NotFound
from lyceum.monitoring import exposition, selectors
from lyceum.monitoring.publishing import all_numbers


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and bool(request.user.is_staff)


def _is_scraper(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    return bool(known) and scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), known.encode())


def metrics(request: HttpRequest) -> HttpResponse:
    """Tell a scraper with the token, or staff, what all web processes do; there is nothing here for others."""
    if not _is_scraper(request) and not _is_staff(request):
        raise NotFound
    try:
        waiting = selectors.queues()
    except DatabaseError:
        waiting = None
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(exposition.text(all_numbers(), waiting), content_type=CONTENT_TYPE_LATEST, headers=headers)


@pages.signed_in
def operate(request: HttpRequest) -> HttpResponse:
    if not _is_staff(request):
        raise NotFound
    context = {"seen": selectors.overview(all_numbers()), "queues": selectors.queues()}
    return pages.show(request, "monitoring/operate.html", "monitoring/_now.html", context)
