"""Django's admin: who gets in, what may be done there, and what is on no page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from lyceum.accounts import coming_back, erasure, factors, keys, services, tokens
from lyceum.accounts.admin import PersonForm
from lyceum.accounts.errors import TokenRevoked
from lyceum.accounts.models import (
    GroupLimits,
    MailedLink,
    Passkey,
    PrivacyJob,
    RecoveryCode,
    Session,
    Token,
    TokenFamily,
    Totp,
    User,
)
from lyceum.accounts.sessions import SECOND_FACTOR_KEY
from lyceum.core import jobs
from lyceum.core.models import AuditEntry
from lyceum.core.testing.people import make_person
from lyceum.messaging import services as messaging

PASSWORD = "Lefroy-salt-lake-7"
PAGE = {"Accept": "text/html"}
# What staff make by hand; all else comes about elsewhere.
ADDED = {"auth.Group", "library.Book", "library.Author", "library.Publisher", "library.Category"}
pytestmark = pytest.mark.django_db


def browser_of(person: User, *, second_factor: bool = False) -> Client:
    client = Client(headers=PAGE)
    client.force_login(person)
    session = client.session
    session[SECOND_FACTOR_KEY] = second_factor
    session.save()
    return client


@pytest.fixture
def at_staff(priya: User) -> Client:
    return browser_of(priya)


def pages() -> list[str]:
    return [reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin.site._registry]


def test_only_staff_get_in_and_through_our_own_door(alice: User, at_staff: Client) -> None:
    nobody, member = Client(headers=PAGE), browser_of(alice)
    for path in ("/admin/", "/admin/login/", "/admin/accounts/user/", "/admin/nothing/", "/admin/jsi18n/", *pages()):
        answer = nobody.get(path)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/"), path
        assert member.get(path).status_code == 404, path
    assert at_staff.get("/admin/").status_code == 200
    assert at_staff.get("/admin/login/")["Location"] == "/admin/"
    assert "password" not in nobody.post("/admin/login/", {"username": "x", "password": "y"}).content.decode()


def test_a_deactivated_member_of_staff_is_nobody(priya: User, at_staff: Client) -> None:
    services.deactivate(priya, actor=None)
    assert at_staff.get("/admin/").status_code == 302


def test_where_it_is_asked_for_staff_need_a_second_factor(priya: User, settings: Any) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    plain, strong = browser_of(priya), browser_of(priya, second_factor=True)
    refused = plain.get("/admin/accounts/user/")
    assert refused.status_code == 403
    assert "Open Security" in refused.content.decode()
    assert (
        plain.post("/admin/accounts/user/", {"action": "sign_out", "_selected_action": str(priya.pk)}).status_code
        == 403
    )
    assert strong.get("/admin/accounts/user/").status_code == 403
    Passkey.objects.create(user=priya, name="Phone", credential_id=b"1", credential=b"", rp_id="localhost")
    assert strong.get("/admin/accounts/user/").status_code == 200
    assert "Sign out, and in again" in plain.get("/admin/").content.decode()
    # A factor that was taken away lets nobody in any more.
    factors.remove_all(priya)
    assert strong.get("/admin/").status_code == 403


def test_it_can_be_switched_off(at_staff: Client, settings: Any) -> None:
    settings.ADMIN_ENABLED = False
    for path in ("/admin/", "/admin/login/", "/admin/accounts/user/"):
        assert at_staff.get(path).status_code == 404


def test_signing_out_there_is_signing_out(priya: User, at_staff: Client) -> None:
    assert at_staff.post("/admin/logout/")["Location"] == "/sign-in/"
    assert not Session.objects.filter(user=priya).exists()
    assert at_staff.get("/admin/password_change/").status_code == 302


@pytest.fixture
def full_workspace(alice: User, bob: User) -> list[str]:
    """Put something into every table that is shown, and return what must be on no page."""
    alice.set_password(PASSWORD)
    alice.save()
    room = messaging.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    messaging.send_message(room.pk, sender=alice.pk, content="a-private-word")
    pair = tokens.open_family(alice, address="127.0.0.1", user_agent="curl/8")
    browser_of(alice)
    Totp.objects.create(user=alice, sealed_secret="a-sealed-secret", last_step=1)
    RecoveryCode.objects.create(user=alice, hash="a-recovery-hash")
    services.create_setup_token()
    jobs.enqueue("accounts.mail_reset", email=alice.email, url="https://x/reset/a-reset-token/")
    hashes = [*Token.objects.values_list("hash", flat=True), *Session.objects.values_list("session_key", flat=True)]
    return [*hashes, "argon2", alice.password, pair.access, "a-private-word", "a-sealed", "a-recovery", "a-reset-token"]


def test_every_page_opens_and_none_shows_a_secret(at_staff: Client, priya: User, full_workspace: list[str]) -> None:
    own = at_staff.session.session_key
    secrets = [secret for secret in full_workspace if secret != own]
    seen = 0
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answers = [at_staff.get(reverse(f"{name}_changelist")), at_staff.get(reverse(f"{name}_changelist"), {"q": "a"})]
        if getattr(page, "list_display_links", ()) is not None:
            for row in model._default_manager.all()[:3]:
                answers.append(at_staff.get(reverse(f"{name}_change", args=[row.pk])))
                answers.append(at_staff.get(reverse(f"{name}_history", args=[row.pk])))
        for answer in answers:
            assert answer.status_code == 200, (name, answer.status_code)
            text = answer.content.decode()
            assert [secret for secret in [*secrets, own] if secret and secret in text] == [], name
            seen += 1
    assert seen > 30


def test_no_page_about_a_browser_has_its_key_in_the_address(at_staff: Client, full_workspace: list[str]) -> None:
    for row in Session.objects.all():
        path = reverse("admin:accounts_session_change", args=[row.session_key])
        assert at_staff.get(path).status_code in (302, 404, 403)


def test_nothing_is_added_or_deleted_that_has_a_way_of_its_own(at_staff: Client, alice: User) -> None:
    for model in admin.site._registry:
        if model._meta.label in ADDED:
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert at_staff.get(reverse(f"{name}_add")).status_code == 403, name
    for act in ("delete", "change"):
        path = reverse(f"admin:accounts_user_{act}", args=[alice.pk])
        assert at_staff.get(path).status_code == (403 if act == "delete" else 200)


def values(user: User, **changes: Any) -> dict[str, Any]:
    kept = {"email": user.email, "first_name": user.first_name, "last_name": user.last_name, "limit_profile": "free"}
    kept["seen_version"] = str(User.objects.get(pk=user.pk).version)
    return {name: value for name, value in {**kept, "is_active": "on", **changes}.items() if value is not None}


def change(client: Client, user: User, **changes: Any) -> Any:
    return client.post(reverse("admin:accounts_user_change", args=[user.pk]), values(user, **changes))


def test_staff_change_people_by_the_rules_of_the_house(at_staff: Client, alice: User, bob: User, priya: User) -> None:
    assert change(at_staff, alice, first_name="Alicia", is_staff="on", limit_profile="premium").status_code == 302
    alice.refresh_from_db()
    assert (alice.first_name, alice.is_staff, alice.limit_profile, alice.version) == ("Alicia", True, "premium", 2)
    entry = AuditEntry.objects.get(action="user.changed_by_staff")
    assert (entry.actor, entry.detail["fields"]) == (priya, ["first_name", "is_staff", "limit_profile"])
    assert LogEntry.objects.get().object_id == str(alice.pk)

    for broken in ({"first_name": "A1"}, {"email": bob.email.upper()}, {"email": "x"}, {"limit_profile": "endless"}):
        assert change(at_staff, alice, **broken).status_code == 200, broken
    alice.refresh_from_db()
    assert (alice.first_name, alice.email) == ("Alicia", "alice@example.org")
    refused = change(at_staff, priya, is_active=None, is_staff="on")
    assert "You cannot shut yourself out." in refused.content.decode()
    assert "You cannot shut yourself out." in change(at_staff, priya).content.decode()


def test_another_address_has_to_be_confirmed_anew(at_staff: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(email_verified_at=alice.date_joined)
    services.send_verification(alice, alice.email)
    assert change(at_staff, alice, email="new@example.org").status_code == 302
    assert not MailedLink.objects.exists()
    alice.refresh_from_db()
    assert (alice.email, alice.email_key, alice.email_verified_at) == ("new@example.org", "new@example.org", None)


def test_who_is_deactivated_there_is_signed_out_at_once(at_staff: Client, alice: User) -> None:
    at_alice = browser_of(alice)
    tokens.open_family(alice, address="127.0.0.1", user_agent="curl/8")
    assert change(at_staff, alice, is_active=None).status_code == 302
    assert at_alice.get("/profile/").status_code == 302
    assert not TokenFamily.objects.filter(user=alice, revoked_at=None).exists()
    assert AuditEntry.objects.filter(action="user.deactivated", subject=alice.pk).exists()


def test_who_closed_the_account_and_is_let_in_again_there_is_not_erased(at_staff: Client, alice: User) -> None:
    erasure.close(alice)
    alice.refresh_from_db()
    assert change(at_staff, alice, is_active="on").status_code == 302
    alice.refresh_from_db()
    assert (alice.is_active, alice.erase_at) == (True, None)
    assert not PrivacyJob.objects.exists()


def test_people_are_signed_out_everywhere_by_an_act(at_staff: Client, alice: User, bob: User) -> None:
    clients = [browser_of(alice), browser_of(bob)]
    body = {"action": "sign_out", "_selected_action": [str(alice.pk)]}
    assert at_staff.post(reverse("admin:accounts_user_changelist"), body).status_code == 302
    assert [client.get("/profile/").status_code for client in clients] == [302, 200]


def test_a_service_that_is_signed_out_has_no_key_any_more(at_staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(keys, "push_on_commit", lambda group, frame, control: closed.append((group, control)))
    key, secret = keys.create(name="Assay lab", scopes=["chat:read"], actor=None)
    body = {"action": "sign_out", "_selected_action": [str(key.user_id)]}
    assert at_staff.post(reverse("admin:accounts_user_changelist"), body).status_code == 302
    with pytest.raises(TokenRevoked):
        keys.find(secret, address="127.0.0.1")
    assert closed == [(f"session:{key.pk}", "close:4401")]


def test_what_was_changed_meanwhile_stays(at_staff: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    check = PersonForm.clean_first_name

    def check_while_alice_changes_hers(form: PersonForm) -> str:
        User.objects.filter(pk=alice.pk).update(show_presence=False, last_name="Changed", name_key="alice changed")
        return check(form)

    monkeypatch.setattr(PersonForm, "clean_first_name", check_while_alice_changes_hers)
    assert change(at_staff, alice, limit_profile="basic").status_code == 302
    alice.refresh_from_db()
    assert (alice.limit_profile, alice.show_presence) == ("basic", False)
    assert (alice.last_name, alice.name_key) == ("Changed", "alice changed")


def test_a_page_that_is_older_than_a_change_changes_nothing(at_staff: Client, alice: User) -> None:
    page = at_staff.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert 'name="seen_version" value="1"' in page
    services.update_profile(alice, check=lambda row: None, first_name="Alicia")
    refused = change(at_staff, alice, is_staff="on", seen_version="1")
    assert "This person was changed meanwhile." in refused.content.decode()
    alice.refresh_from_db()
    assert (alice.first_name, alice.is_staff) == ("Alicia", False)


def shut_out(user: User) -> None:
    services.deactivate(user, actor=None)


def come_back(user: User) -> None:
    erasure.close(user)
    coming_back.open_again(user)


@pytest.mark.parametrize(("act", "is_active"), [(shut_out, False), (erasure.close, False), (come_back, True)])
def test_nor_does_one_that_is_older_than_who_was_shut_out_or_closed_the_account(
    at_staff: Client, alice: User, act: Callable[[User], Any], is_active: bool
) -> None:
    seen = alice.version
    act(alice)
    refused = change(at_staff, alice, seen_version=str(seen), is_active=None if is_active else "on")
    assert "This person was changed meanwhile." in refused.content.decode()
    before = (is_active, act is shut_out, act is erasure.close)
    alice.refresh_from_db()
    assert (alice.is_active, alice.is_barred, alice.erase_at is not None) == before


def test_people_are_found_without_case_and_accents(at_staff: Client, alice: User) -> None:
    make_person("zoe", first_name="Zoë", last_name="Ångström")
    for text in ("ZOË ang", "angstrom", "zoe@example"):
        page = at_staff.get(reverse("admin:accounts_user_changelist"), {"q": text}).content.decode()
        assert "Zoë Ångström" in page and "Alice Tester" not in page, text


def test_groups_carry_limits(at_staff: Client, alice: User) -> None:
    rows = {"limits-TOTAL_FORMS": "1", "limits-INITIAL_FORMS": "0", "limits-0-limit_profile": "basic"}
    assert at_staff.post(reverse("admin:auth_group_add"), {"name": "Field school", **rows}).status_code == 302
    assert GroupLimits.objects.get(group__name="Field school").limit_profile == "basic"


def test_pages_cost_a_fixed_number_of_queries(
    at_staff: Client, full_workspace: list[str], django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        make_person(f"extra{number}")
    for page in pages():
        with django_assert_max_num_queries(16):
            at_staff.get(page)
