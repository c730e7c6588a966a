"""What every page shares: the sections that exist, the theme, the keys, and what is kept how long."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from lyceum.core import pages, retention, statics
from lyceum.core.errors import Unavailable

YEAR_SECONDS = 365 * 24 * 3600
THEMES = ("light", "dark")
# The languages that the words of the pages are in; a person's other choices still shape dates and figures.
SHIPPED = ("en",)


_counters: dict[str, Callable[[UUID], int]] = {}
_scripts: list[str] = []
_search_box = ""


def search_with(template: str) -> None:
    """Put the box of a search over everything into the bar of every page."""
    global _search_box
    _search_box = template


def add_script(name: str) -> None:
    """Let every page of somebody who is signed in run a module of an app."""
    if name not in _scripts:
        _scripts.append(name)


def count_at(address: str, counter: Callable[[UUID], int]) -> None:
    """Register what says how much waits for a person in the section at an address."""
    _counters[address] = counter


def _counts(request: HttpRequest) -> dict[str, int]:
    """Return how much waits in each section; nothing while a server behind us is away, for a page is whole without."""
    if not request.user.is_authenticated:
        return {}
    try:
        return {address: counter(UUID(str(request.user.pk))) for address, counter in _counters.items()}
    except (*pages.OUTAGES, Unavailable):
        return {}


def context(request: HttpRequest) -> dict[str, Any]:
    """Add what the shell needs to every template; asks the database and Valkey for the counts alone, where shown."""
    theme = request.COOKIES.get("theme", "")
    language = get_language() or settings.LANGUAGE_CODE
    return {
        "sections": settings.SECTIONS,
        "admin_enabled": settings.ADMIN_ENABLED,
        "counts": SimpleLazyObject(lambda: _counts(request)),
        "scripts": _scripts,
        "search_box": _search_box,
        "theme": theme if theme in THEMES else "",
        "keys": "off" if request.COOKIES.get("keys") == "off" else "on",
        "lang": _tag(language) if language.split("-")[0] in SHIPPED else settings.LANGUAGE_CODE,
        # JSON made by ourselves, and admitted by its hash in the policy.
        "import_map": mark_safe(statics.import_map()),  # noqa: S308
    }


def _tag(language: str) -> str:
    name, _, region = language.partition("-")
    return f"{name}-{region.upper()}" if region else name


def _keep(request: HttpRequest, name: str, value: str) -> HttpResponse:
    """Remember a choice of this browser, or forget it when it is the usual one."""
    response = pages.go(request, pages.next_address(request, "/"))
    if value:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=secure)
    else:
        response.delete_cookie(name, samesite="Lax")
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    asked = request.POST.get("theme", "")
    return _keep(request, "theme", asked if asked in THEMES else "")


@require_POST
def set_keys(request: HttpRequest) -> HttpResponse:
    return _keep(request, "keys", "off" if request.POST.get("keys") == "off" else "")


def favicon(request: HttpRequest) -> HttpResponse:
    """Lead who asks by habit, such as a page of the API's documents, to the mark."""
    return redirect(static("lyceum/icons/mark.svg"))


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "lyceum/privacy.html", {"kept": retention.all_kept()})
