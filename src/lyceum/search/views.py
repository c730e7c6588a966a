from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lyceum.core import pages
from lyceum.search import public as search
from lyceum.search.sections import Everything

OF_EACH, OF_ONE, AT_ONCE = 5, 50, 3
LONGEST = 200


def _found(request: HttpRequest, *, kind: str = "", size: int, is_open: bool) -> dict[str, Any]:
    """Return the text and what it finds; whoever is still typing is understood so."""
    q = request.GET.get("q", "").strip()[:LONGEST]
    kinds = [kind] if kind in search.kinds_shown() else []
    found = search.everything(q, asker=request.user, kinds=kinds, size=size, is_open=is_open) if q else Everything()
    return {"q": q, "found": found, "kind": kinds[0] if kinds else ""}


@pages.signed_in
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """The page of everything that is found, or of one kind of it."""
    kind = request.GET.get("kind", "")
    is_typing = pages.is_partial(request)
    context = _found(request, kind=kind, size=OF_ONE if kind else OF_EACH, is_open=is_typing)
    return pages.show(request, "search/results.html", "search/_results.html", context)


@pages.signed_in
@require_safe
def instant(request: HttpRequest) -> HttpResponse:
    """What opens under the box of the bar while somebody types."""
    return render(request, "search/_instant.html", _found(request, size=AT_ONCE, is_open=True))
