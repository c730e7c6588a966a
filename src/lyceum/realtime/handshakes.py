"""Who may open a socket: its path, its subprotocols, its sign-in and its limits, in the order of the contract."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from lyceum.accounts import public as accounts
from lyceum.core import limits, tallies
from lyceum.core.addresses import client_address, limit_key
from lyceum.realtime.connections import error

SUBPROTOCOL = "lyceum.v1"
TICKET = re.compile(r"ticket\.([A-Za-z0-9_-]{22,128})")
PATH = re.compile(r"/ws/(?:chat/([^/]+)/?)?")
NO_CONVERSATION = UUID(int=0)


class Refused(Exception):
    """The socket is closed with this code, after a frame where one explains it."""

    def __init__(self, code: int, reason: str, frame: dict[str, Any] | None = None) -> None:
        self.code, self.reason, self.frame = code, reason, frame


@dataclass(frozen=True)
class Handshake:
    path: str
    headers: dict[str, str]
    offered: list[str]
    address: str

    @classmethod
    def of(cls, scope: dict[str, Any]) -> "Handshake":
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        peer = (scope.get("client") or ("", 0))[0] or ""
        address = client_address(peer, headers.get("x-forwarded-for", ""))
        return cls(scope["path"], headers, scope.get("subprotocols") or [], address)

    @property
    def accepted(self) -> str | None:
        return SUBPROTOCOL if SUBPROTOCOL in self.offered else None

    @property
    def template(self) -> str:
        return "/ws/chat/{id}/" if "/chat/" in self.path else "/ws/"


async def admit(handshake: Handshake) -> tuple[accounts.SignIn, UUID | None]:
    """Return whose socket it is, and for which conversation; raises Refused."""
    path = PATH.fullmatch(handshake.path if handshake.path != "/ws" else "/ws/")
    if path is None or (handshake.offered and handshake.accepted is None):
        raise Refused(4400, "not our protocol")
    sign_in = await _authenticate(handshake)
    if sign_in is None:
        raise Refused(4401, "sign in first")
    if wait := await _count(sign_in, limit_key(handshake.address)):
        refusal = error("rate_limited", "Too many connections. Wait a little.", retry_after=wait)
        raise Refused(4429, "too many connections", refusal)
    return sign_in, _conversation(path.group(1))


def _conversation(text: str | None) -> UUID | None:
    """Read the id; what is none is a conversation that nobody has."""
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        return NO_CONVERSATION


async def _count(sign_in: accounts.SignIn, address: str) -> float:
    if not settings.LIMITS_ENABLED:
        return 0.0
    bucket = limits.bucket("api", user=str(sign_in.user_id), address=address, profile=sign_in.limit_profile)
    wait = (await limits.take_one(bucket)).wait
    tallies.count("limit", "handshake", "refused" if wait else "passed")
    return wait


async def _authenticate(handshake: Handshake) -> accounts.SignIn | None:
    if any(part.startswith("ticket.") for part in handshake.offered):
        tickets = [match.group(1) for part in handshake.offered if (match := TICKET.fullmatch(part))]
        return await accounts.sign_in_by_ticket(tickets[0]) if tickets else None
    if not may_use_cookie(handshake.headers):
        return None
    parts = handshake.headers.get("cookie", "").split(";")
    cookies = dict(part.strip().split("=", 1) for part in parts if "=" in part)
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    return await accounts.sign_in_by_cookie(key) if key else None


def may_use_cookie(headers: dict[str, str]) -> bool:
    """Say whether the page that opens the socket is of our own host or of one that we allow."""
    origin, host = headers.get("origin", ""), headers.get("host", "").lower()
    if origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    is_own = origin.lower() in (f"http://{host}", f"https://{host}")
    return is_own and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
