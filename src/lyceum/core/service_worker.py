"""The service worker of the site: one script at its root, put together from the parts that apps give."""

import json

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

_parts: list[str] = []


def add_part(name: str) -> None:
    """Let the service worker run a classic script among the static files, after those that were added before."""
    if name not in _parts:
        _parts.append(name)


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """Answer the script; its text changes with its parts, so that browsers notice a new one."""
    lines = [f"importScripts({json.dumps(static(name))});\n" for name in _parts]
    response = HttpResponse("".join(lines), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response
