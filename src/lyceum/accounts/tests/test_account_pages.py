import re
from itertools import groupby
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from lyceum.accounts import services
from lyceum.accounts.devices import icon, name
from lyceum.accounts.models import Session, User

pytestmark = pytest.mark.django_db
PASSWORD = "Kambalda-dome-82"
PAGE = {"Accept": "text/html"}
HTMX = {"Accept": "text/html", "HX-Request": "true"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


def person(first: str, **fields: Any) -> User:
    email = f"{first.lower()}@example.org"
    return User.objects.create_user(email, PASSWORD, first_name=first, last_name="Tester", **fields)


@pytest.fixture
def alice() -> User:
    return person("Alice")


@pytest.fixture
def at_alice(alice: User) -> Client:
    client = Client(headers={**PAGE, "User-Agent": FIREFOX})
    client.post("/sign-in/", {"email": alice.email, "password": PASSWORD})
    return client


def sign_up_values(**changes: str) -> dict[str, str]:
    names = {"first_name": "Zoë", "last_name": "O’Hara", "email": "zoe@example.org"}
    return {**names, "password": PASSWORD, "password_confirm": PASSWORD, **changes}


def test_signing_in_leads_where_one_wanted_to_go(client: Client, alice: User) -> None:
    values = {"email": "ALICE@example.org ", "password": PASSWORD, "next": "/people/?q=b"}
    answer = client.post("/sign-in/", values, headers=PAGE)
    assert (answer.status_code, answer["Location"]) == (303, "/people/?q=b")
    assert client.get("/people/", headers=PAGE).status_code == 200


def test_with_htmx_the_form_alone_comes_back_with_what_is_wrong(client: Client, alice: User) -> None:
    part = client.post("/sign-in/", {"email": alice.email, "password": "not-it-7"}, headers=HTMX)
    page = client.post("/sign-in/", {"email": alice.email, "password": "not-it-7"}, headers=PAGE)
    right = client.post("/sign-in/", {"email": alice.email, "password": PASSWORD}, headers=HTMX)

    assert part.status_code == page.status_code == 401
    assert part.content.decode().startswith("<form")
    assert "<html" in page.content.decode()
    assert "The address or the password is wrong." in part.content.decode()
    assert alice.email in part.content.decode()
    assert "not-it-7" not in part.content.decode()
    assert right["HX-Redirect"] == "/talk/"


def test_a_lockout_is_told_in_words_and_seconds(client: Client, alice: User) -> None:
    for _ in range(5):
        client.post("/sign-in/", {"email": alice.email, "password": "not-it-7"}, headers=PAGE)
    answer = client.post("/sign-in/", {"email": alice.email, "password": PASSWORD}, headers=PAGE)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "1"
    assert "Try again in 1 second." in answer.content.decode()


def test_a_browser_that_is_not_to_be_kept_forgets_the_sign_in(client: Client, alice: User) -> None:
    values = {"email": alice.email, "password": PASSWORD}
    assert client.post("/sign-in/", values).cookies["sessionid"]["max-age"] == ""
    assert Client().post("/sign-in/", {**values, "keep": "on"}).cookies["sessionid"]["max-age"] == 14 * 24 * 3600


def test_signing_up_tells_every_mistake_at_its_field_and_in_the_summary(client: Client) -> None:
    values = sign_up_values(first_name="", email="zoe@", password="12345", password_confirm="other")
    html = client.post("/sign-up/", values, headers=PAGE).content.decode()
    for words in (
        "Enter your first name.",
        "Enter the whole address, like name@example.org.",
        "Use 8 characters or more.",
        "Use more than digits.",
        "The two passwords differ.",
    ):
        assert html.count(words) == 2, words
    assert 'href="#sign-up-first_name"' in html
    assert "O’Hara" in html and "12345" not in html


def test_the_summary_goes_down_the_form_and_names_each_field(client: Client) -> None:
    values = sign_up_values(first_name="Z", email="zoe@", password="12345", password_confirm="other")
    html = client.post("/sign-up/", values, headers=PAGE).content.decode()
    lines = re.findall(r'<li><a href="#sign-up-(\w+)">([^<]*)</a>', html)
    names = [name for name, _words in lines]
    assert [name for name, _same in groupby(names)] == ["first_name", "email", "password", "password_confirm"]
    assert lines[0][1] == "First name: Use 2 characters or more."


def test_signing_up_signs_in(client: Client) -> None:
    answer = client.post("/sign-up/", sign_up_values(), headers=PAGE)
    assert (answer.status_code, answer["Location"]) == (303, "/talk/")
    assert "Zoë O’Hara" in client.get("/profile/", headers=PAGE).content.decode()


def test_where_addresses_are_verified_first_the_pages_say_so(client: Client, settings: Any) -> None:
    settings.EMAIL_VERIFICATION = "required"
    answer = client.post("/sign-up/", sign_up_values(), headers=PAGE)
    refused = client.post("/sign-in/", {"email": "zoe@example.org", "password": PASSWORD}, headers=PAGE)

    assert answer["Location"] == "/verify/"
    assert "Look into your mail" in client.get("/verify/", headers=PAGE).content.decode()
    assert refused.status_code == 403
    assert "Open the link in the mail" in refused.content.decode()
    assert 'href="/verify/"' in refused.content.decode()


def test_the_link_is_sent_again_to_who_waits_for_it_and_nobody_learns_who_does(
    client: Client, alice: User, monkeypatch: Any
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("lyceum.core.jobs.enqueue", lambda task, **values: sent.append(values["email"]))
    person("Bob", email_verified_at=timezone.now())
    answers = [
        client.post("/verify/", {"email": email}, headers=PAGE)
        for email in ("alice@example.org", "bob@example.org", "nobody@example.org")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(303, "/sign-in/")}
    assert sent == ["alice@example.org"]
    assert mail.outbox == []


def test_a_set_up_link_makes_a_staff_account_once(client: Client) -> None:
    token = services.create_setup_token()
    assert "first staff account" in client.get(f"/setup/{token}/", headers=PAGE).content.decode()
    assert client.post(f"/setup/{token}/", sign_up_values(), headers=PAGE).status_code == 303
    again = Client().post(f"/setup/{token}/", sign_up_values(email="eve@example.org"), headers=PAGE)
    assert User.objects.get(email="zoe@example.org").is_staff
    assert "This link was used or is too old." in again.content.decode()
    assert not User.objects.filter(email="eve@example.org").exists()


def test_a_set_up_link_ends_when_there_is_a_staff_account(client: Client) -> None:
    token = services.create_setup_token()
    person("Alice", is_staff=True)
    page = client.get(f"/setup/{token}/", headers=PAGE)
    answer = client.post(f"/setup/{token}/", sign_up_values(), headers=PAGE)

    assert page.status_code == 410
    assert "first staff account. This link" not in page.content.decode()
    assert answer.status_code == 400
    assert not User.objects.filter(email="zoe@example.org").exists()


@pytest.mark.parametrize(
    ("path", "ways"),
    [
        ("/setup/none/", ["/sign-in/"]),
        ("/reset/none/", ["/reset/", "/sign-in/"]),
        ("/verify/none/", ["/sign-in/", "/verify/"]),
    ],
)
def test_a_dead_link_says_so_at_once_and_leads_on(client: Client, path: str, ways: list[str]) -> None:
    page = client.get(path, headers=PAGE)
    html = page.content.decode()
    assert page.status_code == 410
    assert "<h1>This link was used or is too old</h1>" in html
    assert 'type="password"' not in html and f'action="{path}"' not in html
    assert all(f'href="{way}"' in html for way in ways)


def test_the_profile_is_saved_and_shown_in_the_persons_zone(at_alice: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(date_joined="2026-03-31T20:00:00Z")
    values = {"first_name": "Alicia", "last_name": "Tester", "locale": "en-AU", "timezone": "Australia/Perth"}
    answer = at_alice.post("/profile/", values)
    page = at_alice.get("/profile/").content.decode()

    assert answer.status_code == 303
    assert "Your profile is saved." in page
    assert "Alicia Tester" in page
    assert "here since 1 April 2026" in page


def test_a_zone_that_is_none_is_refused_at_its_field(at_alice: Client) -> None:
    values = {"first_name": "Alice", "last_name": "Tester", "locale": "en", "timezone": "Perth"}
    answer = at_alice.post("/profile/", values)
    assert answer.status_code == 400
    assert "Use a zone such as Australia/Perth." in answer.content.decode()


def test_what_others_see_is_switched_with_and_without_javascript(at_alice: Client, alice: User) -> None:
    part = at_alice.post("/profile/shared/", {"show_presence": "on"}, headers=HTMX)
    alice.refresh_from_db()
    assert (alice.show_presence, alice.show_typing) == (True, False)
    assert part.content.decode().startswith("<form")
    assert "lyceum:toast" in part["HX-Trigger"]
    assert at_alice.post("/profile/shared/", {}).status_code == 303
    alice.refresh_from_db()
    assert not alice.show_presence


def test_a_new_password_keeps_this_browser_and_ends_the_others(at_alice: Client, alice: User) -> None:
    other = Client(headers=PAGE)
    other.post("/sign-in/", {"email": alice.email, "password": PASSWORD})
    wrong = {"current_password": "no", "password": "Widgiemooltha-7", "password_confirm": "Widgiemooltha-7"}
    assert "This is not your password." in at_alice.post("/profile/password/", wrong).content.decode()
    assert at_alice.post("/profile/password/", {**wrong, "current_password": PASSWORD}).status_code == 303

    assert at_alice.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


def test_one_ends_own_sign_ins_and_nobody_elses(at_alice: Client, alice: User) -> None:
    bob = person("Bob")
    at_phone, at_bob = Client(headers={"User-Agent": ANDROID}), Client()
    at_phone.post("/sign-in/", {"email": alice.email, "password": PASSWORD})
    at_bob.post("/sign-in/", {"email": bob.email, "password": PASSWORD})
    phone = Session.objects.get(user_agent=ANDROID)
    page = at_alice.get("/sessions/").content.decode()
    assert "Firefox on Linux" in page and "Chrome on Android" in page

    assert at_bob.post(f"/sessions/{phone.public_id}/end/", headers=PAGE).status_code == 404
    part = at_alice.post(f"/sessions/{phone.public_id}/end/", headers=HTMX)
    assert part.status_code == 200
    assert "Chrome on Android" not in part.content.decode()
    assert "<html" not in part.content.decode()
    assert list(Session.objects.filter(user=alice).values_list("user_agent", flat=True)) == [FIREFOX]
    assert at_alice.post("/sessions/end-others/").status_code == 303
    assert at_bob.get("/profile/", headers=PAGE).status_code == 200


def test_signing_out_ends_the_session(at_alice: Client, alice: User) -> None:
    assert at_alice.get("/sign-out/").status_code == 405
    assert at_alice.post("/sign-out/")["Location"] == "/sign-in/"
    assert not Session.objects.filter(user=alice).exists()
    assert "You are signed out." in at_alice.get("/sign-in/").content.decode()


def test_people_are_found_by_the_beginning_of_their_names(at_alice: Client, settings: Any) -> None:
    person("Béla")
    person("Charlie", is_active=False)
    part = at_alice.get("/people/?q=bel", headers=HTMX).content.decode()
    everybody = at_alice.get("/people/").content.decode()

    assert part.startswith("<section")
    assert "Béla Tester" in part and "1 person" in part
    assert "bela@example.org" not in everybody and "Charlie" not in everybody
    assert "Nobody by that name" in at_alice.get("/people/?q=zzz").content.decode()
    settings.DIRECTORY = "off"
    assert "Nobody is listed" in at_alice.get("/people/").content.decode()


def test_who_hides_presence_does_not_say(at_alice: Client) -> None:
    person("Bob", show_presence=False)
    html = at_alice.get("/people/?q=bob", headers=HTMX).content.decode()
    assert "Does not say" in html
    assert "data-presence" not in html


def test_writing_to_somebody_opens_the_one_conversation(at_alice: Client) -> None:
    bob = person("Bob")
    first, second = (at_alice.post(f"/talk/with/{bob.pk}/") for _ in range(2))
    assert first.status_code == 303
    assert first["Location"] == second["Location"]
    assert at_alice.get(first["Location"]).status_code == 200
    assert at_alice.post("/talk/with/01890000-0000-7000-8000-000000000000/").status_code == 404


@pytest.mark.parametrize(
    ("user_agent", "words", "sign"),
    [
        (FIREFOX, "Firefox on Linux", "monitor"),
        (ANDROID, "Chrome on Android", "smartphone"),
        ("curl/8.5.0", "curl 8.5.0", "terminal"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
            "monitor",
        ),
        ("", "", "terminal"),
    ],
)
def test_a_device_is_told_in_words(user_agent: str, words: str, sign: str) -> None:
    assert name(user_agent) == words
    assert icon(user_agent) == sign
