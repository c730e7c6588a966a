"""The service worker of the site: one script at its root, put together from the parts that apps give."""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

import lyceum
from lyceum.core import statics

OFFLINE = "/offline/"
# What the shell is made of; other files are read from the network.
KINDS = (".js", ".css", ".svg", ".woff2")
_parts: list[str] = []
_pages: dict[str, str] = {}


def add_part(name: str) -> None:
    """Let the service worker run a classic script among the static files, after those that were added before."""
    if name not in _parts:
        _parts.append(name)


def add_page(beginning: str, shell: str) -> None:
    """Let `shell`, a page that is the same for everybody, stand for addresses of a beginning without a network."""
    _pages[beginning] = shell


@cache
def _files() -> list[str]:
    """Return the addresses of our own style, modules, pictures and fonts, by their content."""
    known: dict[str, str] = {} if settings.DEBUG else getattr(staticfiles_storage, "hashed_files", {})
    return [static(name) for name in sorted(known) if name.endswith(KINDS) and _is_shell(name) and name not in _parts]


def _is_shell(name: str) -> bool:
    folder = name.split("/")[0]
    is_other = "/vendor/" in name and not name.endswith("htmx.min.js")
    return statics.is_own_folder(folder) and not is_other and "-ext-" not in name


@cache
def _version() -> str:
    """Tell a shell by its files and by the sources of its pages."""
    found = hashlib.sha256(json.dumps([_files(), _pages, _parts, settings.EPHEMERAL_HOURS]).encode())
    for template in sorted(Path(lyceum.__path__[0]).glob("*/templates/**/*.html")):
        found.update(template.read_bytes())
    return found.hexdigest()[:16]


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """Answer the script; its text changes with its parts and with the shell, so that browsers notice a new one."""
    shell = {"version": _version(), "files": _files(), "pages": _pages, "offline": OFFLINE}
    lines = [f"self.SHELL = {json.dumps(shell)};\n"]
    lines += [f"importScripts({json.dumps(static(name))});\n" for name in _parts]
    response = HttpResponse("".join(lines), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


def as_nobody(request: HttpRequest) -> HttpRequest:
    """Make a request that of nobody, whatever it came with: its page is kept for all."""
    request.user = AnonymousUser()
    request.COOKIES = {}
    return request


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page for every address that is not kept."""
    return render(as_nobody(request), "lyceum/offline.html", {"shell": True})


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What a phone or a computer needs to install the site as an app."""
    icons = [("app-192.png", "192x192", "any"), ("app-512.png", "512x512", "any")]
    icons += [("app-maskable-512.png", "512x512", "maskable")]
    told = {
        "name": "Lyceum",
        "short_name": "Lyceum",
        "id": "/",
        "start_url": "/talk/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf9f6",
        "theme_color": "#faf9f6",
        "icons": [
            {"src": static(f"lyceum/icons/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in icons
        ],
    }
    response = JsonResponse(told, content_type="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response


add_part("lyceum/worker/here.js")
add_part("lyceum/worker/shell.js")
