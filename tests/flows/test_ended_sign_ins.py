"""What lets nobody in any more opens no socket either, also between the ticket and the handshake."""

import pytest

from tests.conftest import Person, Site
from tests.flows.test_handshakes import cookie_of, open_with, ticket_of
from tests.flows.test_services_on_sockets import service_of

ENDED = {
    "deactivated, with a ticket": ("token", "accounts_user set is_active = false where id"),
    "deactivated, with a cookie": ("cookie", "accounts_user set is_active = false where id"),
    "a revoked sign-in": ("token", "accounts_tokenfamily set revoked_at = now() where user_id"),
    "an old sign-in": ("token", "accounts_tokenfamily set expires_at = now() where user_id"),
    "an old session": ("cookie", "accounts_session set expire_date = now() where user_id"),
    "a ticket of an old session": ("ticket of a cookie", "accounts_session set expire_date = now() where user_id"),
    "a revoked key": ("key", "accounts_servicekey set revoked_at = now() where user_id"),
    "an old key": ("key", "accounts_servicekey set expires_at = now() where user_id"),
}


def credentials(person: Person, way: str) -> tuple[dict[str, str], list[str] | None]:
    """Return the headers of a handshake, and the protocols that it offers."""
    if way in ("token", "key"):
        return {}, ["lyceum.v1", ticket_of(person)]
    cookie, csrf = cookie_of(person), person.site.call("GET", "users/csrf/").data["csrf_token"]
    if way == "cookie":
        return {"Cookie": cookie, "Origin": f"http://127.0.0.1:{person.site.port}"}, None
    both = {"Cookie": f"{cookie}; csrftoken={csrf}", "X_CSRFToken": csrf}
    return {}, ["lyceum.v1", f"ticket.{person.site.call('POST', 'auth/ws-ticket/', **both).data['ticket']}"]


@pytest.mark.parametrize("case", ENDED)
async def test_who_may_come_in_no_more_opens_no_socket(site: Site, case: str) -> None:
    way, what = ENDED[case]
    alice = site.register("Alice")
    if way == "key":
        _, alice = service_of(site, alice.become_staff(), "chat:read", "chat:write")
    headers, offered = credentials(alice, way)
    await (await (await open_with(site, offered=offered, **headers)).ready()).close()
    headers, offered = credentials(alice, way)
    alice.change(what)
    assert await (await open_with(site, offered=offered, **headers)).closed() == 4401
