"""Two who change the state that both have read: one passes, however close they are."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import F

from lyceum.accounts.models import Passkey
from lyceum.core.testing.people import client_of, make_person
from lyceum.notifications.models import Preferences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def aside() -> Iterator[Callable[..., Any]]:
    """Run something in another thread, with a connection of its own."""
    with ThreadPoolExecutor(1) as pool:

        def closing(act: Callable[[], Any]) -> Any:
            try:
                return act()
            finally:
                connections.close_all()

        yield lambda act: pool.submit(closing, act)


def wait_for_one_that_waits() -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the row")


@pytest.mark.parametrize("what", ["preferences", "passkey"])
def test_who_waited_for_the_row_is_told_that_it_has_changed(
    what: str, aside: Callable[..., Any], settings: Any
) -> None:
    settings.LIMITS_ENABLED = False
    dora = make_person("dora")
    api = client_of(dora)
    if what == "preferences":
        row: Any = Preferences.objects.create(user=dora)
        path, body = "/api/v1/notifications/preferences/", {"show_text": False}
    else:
        row = Passkey.objects.create(user=dora, name="Phone", credential_id=b"1", credential=b"", rp_id="localhost")
        path, body = f"/api/v1/auth/passkeys/{row.pk}/", {"name": "Old phone"}
    read = f'"{row.pk}.{row.version}"'

    with transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(version=F("version") + 1)
        late = aside(lambda: api.patch(path, body, headers={"If-Match": read}))
        wait_for_one_that_waits()

    assert late.result(10).status_code == 412
    now = f'"{row.pk}.{row.version + 1}"'
    assert api.patch(path, body, headers={"If-Match": now}).status_code == 200


def test_a_state_is_held_against_what_is_there_and_can_be_changed(settings: Any) -> None:
    settings.LIMITS_ENABLED = False
    alice, bob, charlie = (make_person(name) for name in ("alice", "bob", "charlie"))
    api, named, rooms = client_of(alice), {"If-Match": '"x.1"'}, "/api/v1/chat/conversations/"
    asked = {"kind": "group", "name": "Charts", "participants": [str(bob.pk)]}
    group = f"{rooms}{api.post(rooms, asked).json()['id']}/"
    message = f"{group}messages/{api.post(f'{group}messages/', {'content': 'hello'}).json()['id']}/"
    member, reaction = f"{group}members/{bob.pk}/", f"{message}reactions/%F0%9F%91%8D/"

    assert api.delete(f"{group}members/{charlie.pk}/", headers=named).status_code == 404
    assert client_of(charlie).put(reaction, headers=named).status_code == 404
    assert {api.put(path, headers=named).status_code for path in (group, member)} == {405}
    for answer in (api.delete(member, headers=named), api.put(reaction, headers=named)):
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert api.get(message).json()["reactions"] == []
    assert str(bob.pk) in {row["id"] for row in api.get(group).json()["participants"]}

    anyhow = {"If-Match": "*"}
    assert api.put(reaction, headers=anyhow).status_code == 200
    assert api.delete(member, headers=anyhow).status_code == 204
