"""Apps: made by staff, registered by themselves, or known by a document of their own."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts.models import TokenFamily, User
from lyceum.accounts.oauth.errors import OAuthError
from lyceum.accounts.oauth.models import App
from lyceum.accounts.tokens import revoke_family, token_hash
from lyceum.core import audit, json, outbound, valkey
from lyceum.core.errors import DomainError, NotFound
from lyceum.core.scopes import declared

OPENID_SCOPES = ("openid", "profile", "email")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# A scheme of a program's own has to be a name in reverse that it holds (RFC 8252).
OWN_SCHEME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
VISIBLE = re.compile(r"[!-\[\]-~]+")
# Neither a name before it nor what means something in a policy.
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?")
MOST_REDIRECTS, LONGEST_REDIRECT = 20, 1000
DOCUMENT_KEPT = timedelta(hours=1)
DOCUMENT_BYTES = 16 * 1024
BAD_SECONDS = 60
UNUSED_KEPT = timedelta(days=30)


def all_scopes() -> list[str]:
    return [*OPENID_SCOPES, *declared()]


def is_good_redirect(uri: str) -> bool:
    """Say whether codes may be sent there: HTTPS, this machine, or a program's own scheme; never with a fragment."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if len(uri) > LONGEST_REDIRECT or not VISIBLE.fullmatch(uri) or "#" in uri:
        return False
    if parts.scheme in ("https", "http"):
        is_host = bool(HOST.fullmatch(parts.netloc)) and bool(parts.hostname)
        return is_host and (parts.scheme == "https" or parts.hostname in LOOPBACK)
    return bool(OWN_SCHEME.fullmatch(parts.scheme))


def is_plain(text: str) -> bool:
    """Say whether a text shows as it is: nothing in it hides, turns or breaks a line."""
    return not any(unicodedata.category(character)[0] == "C" for character in text)


def is_redirect_of(app: App, uri: str) -> bool:
    """Say whether the app named this very address; on this machine its port may be any (RFC 8252)."""
    return uri in app.redirect_uris or any(_without_port(uri) == _without_port(known) for known in app.redirect_uris)


def _without_port(uri: str) -> object:
    """Return the address without its port if it is one on this machine, else something like no other."""
    if not is_good_redirect(uri):
        return object()
    parts = urlsplit(uri)
    try:
        port = parts.port
    except ValueError:
        return object()
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return object()
    return parts.netloc.removesuffix(f":{port}" if port is not None else ""), parts.path, parts.query


@transaction.atomic
def create(
    *,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    is_confidential: bool,
    may_use_devices: bool = False,
    actor: User | None = None,
    origin: str = App.Origin.STAFF,
) -> tuple[App, str]:
    """Make an app, and return it with its secret, which nothing shows again; a public one has none."""
    secret = f"lyc_{secrets.token_urlsafe(32)}" if is_confidential else ""
    app = App.objects.create(
        client_id=secrets.token_hex(16),
        name=name,
        secret_hash=token_hash(secret) if secret else "",
        redirect_uris=list(dict.fromkeys(redirect_uris)),
        scopes=[scope for scope in all_scopes() if scope in scopes],
        may_use_devices=may_use_devices,
        origin=origin,
        created_by=actor,
    )
    audit.record(actor, "app.created", app.pk, origin=origin, scopes=app.scopes)
    return app, secret


@transaction.atomic
def remove(app_id: UUID, *, actor: User | None) -> None:
    """Remove an app; what people let it do ends at once, with its sockets."""
    app = App.objects.select_for_update().filter(pk=app_id).first()
    if app is None:
        raise NotFound("There is no such app.")
    for family in TokenFamily.objects.filter(app=app, revoked_at=None):
        revoke_family(family)
    audit.record(actor, "app.removed", app.pk)
    app.delete()


def find(client_id: str) -> App | None:
    """Return an app by its id; one that is known by its document is read there, once an hour."""
    if not client_id or "\x00" in client_id or len(client_id) > 500:
        return None
    if _is_document(client_id):
        return _of_document(client_id)
    return App.objects.exclude(origin=App.Origin.DOCUMENT).filter(client_id=client_id).first()


def _is_document(client_id: str) -> bool:
    return settings.OAUTH_CLIENT_DOCUMENTS and client_id.startswith("https://") and len(client_id) <= 500


def must_read(client_id: str) -> bool:
    """Say whether to find this app we call its address."""
    return _is_document(client_id) and _freshly_read(client_id) is None and not _was_bad(client_id)


def _freshly_read(url: str) -> App | None:
    since = timezone.now() - DOCUMENT_KEPT
    return App.objects.filter(client_id=url, origin=App.Origin.DOCUMENT, read_at__gt=since).first()


def _bad_key(url: str) -> str:
    return valkey.key("client-document", token_hash(url))


def _was_bad(url: str) -> bool:
    """Say whether a document was not good: it is not read again for a minute, however often it is named."""
    return bool(valkey.connection().exists(_bad_key(url)))


def check_secret(app: App, secret: str) -> bool:
    return compare_digest(app.secret_hash, token_hash(secret)) if app.is_confidential else not secret


def _of_document(url: str) -> App | None:
    known = _freshly_read(url)
    if known is not None or _was_bad(url):
        return known
    try:
        told = _read_document(url)
    except (DomainError, ValueError, OAuthError):
        valkey.connection().set(_bad_key(url), "1", ex=BAD_SECONDS)
        return None
    app, is_new = App.objects.update_or_create(
        client_id=url,
        defaults={
            "name": told["name"],
            "redirect_uris": told["redirect_uris"],
            "scopes": told["scopes"],
            "origin": App.Origin.DOCUMENT,
            "read_at": timezone.now(),
        },
    )
    if is_new:
        audit.record(None, "app.created", app.pk, origin=App.Origin.DOCUMENT)
    return app


def _read_document(url: str) -> dict[str, Any]:
    """Read what an app says of itself at its own address (Client ID Metadata Documents)."""
    if not urlsplit(url).path.strip("/") or not is_good_redirect(url):
        raise ValueError("not an address of a document")
    answer = outbound.fetch("GET", url, headers={"Accept": "application/json"}, max_bytes=DOCUMENT_BYTES)
    document = json.parse(answer.body)
    if answer.status != 200 or not isinstance(document, dict) or document.get("client_id") != url:
        raise ValueError("not the document of this app")
    if document.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in document:
        raise ValueError("an app that is known by its document can keep no secret")
    return read_metadata(document)


def read_metadata(document: dict[str, Any]) -> dict[str, Any]:
    """Return name, addresses and scopes of what an app says of itself (RFC 7591); raises OAuthError."""
    name, uris = document.get("client_name", ""), document.get("redirect_uris")
    if not isinstance(name, str) or len(name) > 100 or not is_plain(name):
        raise OAuthError("invalid_client_metadata", "client_name is a plain text of at most 100 characters.")
    is_list = isinstance(uris, list) and 0 < len(uris) <= MOST_REDIRECTS
    if not is_list or not all(isinstance(uri, str) and is_good_redirect(uri) for uri in uris or ()):
        raise OAuthError(
            "invalid_redirect_uri", "Give 1 to 20 addresses: https, this machine, or a scheme of your own."
        )
    assert uris is not None
    asked = document.get("scope", " ".join(all_scopes()))
    if not isinstance(asked, str):
        raise OAuthError("invalid_client_metadata", "scope is a text of names with spaces between.")
    scopes = [scope for scope in all_scopes() if scope in asked.split()]
    if not scopes:
        raise OAuthError("invalid_client_metadata", f"Choose scopes of: {' '.join(all_scopes())}.")
    host = urlsplit(uris[0]).hostname or urlsplit(uris[0]).scheme
    return {"name": name.strip() or host[:100], "redirect_uris": uris, "scopes": scopes}


def forget_unused() -> int:
    """Remove apps that made themselves known and that nobody has let in for a month."""
    before = timezone.now() - UNUSED_KEPT
    unused = App.objects.filter(created_at__lt=before, grants=None).exclude(origin=App.Origin.STAFF)
    count, _each = unused.delete()
    return count
