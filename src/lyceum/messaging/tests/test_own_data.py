"""What belongs to a person: all of it in a file, and all of it gone."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from rest_framework.test import APIClient

from lyceum.accounts import erasure, exports, tokens
from lyceum.accounts import services as accounts
from lyceum.accounts.models import PrivacyJob, Session, TokenFamily, User
from lyceum.core import audit, jobs, privacy, valkey
from lyceum.core.testing.api_cases import BodyCases, DoorCases, check_problem, field_codes
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.people import client_of, make_person
from lyceum.messaging import selectors, services
from lyceum.messaging.models import Conversation, Participant
from lyceum.notifications.models import Device, Preferences

pytestmark = pytest.mark.django_db
in_each_storage = pytest.mark.usefixtures("each_storage")
EXPORT, ERASE = "/api/v1/users/export/", "/api/v1/users/erase/"
PASSWORD = "Lefroy-salt-lake-7"


@pytest.fixture(autouse=True)
def kept_apart(settings: LazySettings, tmp_path: Any) -> None:
    settings.LIMITS_ENABLED = False
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def zelda(db: None) -> User:
    """Somebody whose every field can be told from everything else."""
    return make_person("zelda.canary", password=PASSWORD, first_name="Zeldacanary", last_name="Quillcanary")


@pytest.fixture
def zelda_api(zelda: User) -> APIClient:
    return client_of(zelda)


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks: Any) -> Any:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def made(user: User, jobs: Jobs) -> dict[str, Any]:
    """Ask for the file, let the worker make it and tell how it stands."""
    client = client_of(user)
    answer = client.post(EXPORT)
    assert answer.status_code == 202
    jobs.run()
    return dict(client.get(answer["Location"]).json())


def opened(client: APIClient, job: dict[str, Any]) -> zipfile.ZipFile:
    answer = client.get(job["file"])
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(archive.read(f"{name}.json"))
    return found


class TestExport(DoorCases):
    url = EXPORT
    methods = ("GET", "POST")


class TestErase(BodyCases):
    url = ERASE
    methods = ("POST",)
    body = {"password": "wrong"}
    required = ("password",)
    types = {"password": 1}

    @pytest.fixture
    def alice(self, db: None) -> Any:
        return make_person("alice", password="Lefroy-salt-lake-7")


@in_each_storage
def test_the_file_holds_what_is_ones_own_and_nothing_of_others(
    zelda: User, bob: User, zelda_api: APIClient, jobs: Jobs
) -> None:
    room = services.create_group(zelda.pk, name="Maps", members=[bob.pk], history="all")
    pair, _ = services.create_direct(zelda.pk, bob.pk)
    services.send_message(room.pk, sender=zelda.pk, content="my <b>granite</b>")
    theirs = services.send_message(room.pk, sender=bob.pk, content="basalt-of-bob")
    place = selectors.get_participant_for(zelda.pk, room.pk)
    services.react(place, theirs.message_id, "👍", add=True)
    default_storage.save("avatars/face.webp", ContentFile(b"picture"))
    User.objects.filter(pk=zelda.pk).update(avatar="face")

    job = made(zelda, jobs)
    archive = opened(zelda_api, job)

    assert (job["state"], job["progress"]) == ("done", 100)
    assert [row["content"] for row in rows(archive, "messages")] == ["my <b>granite</b>"]
    assert rows(archive, "messages")[0]["conversation_name"] == "Maps"
    assert {row["name"] for row in rows(archive, "conversations")} == {"Maps", "Bob Tester"}
    assert [row["emoji"] for row in rows(archive, "reactions")] == ["👍"]
    assert rows(archive, "profile")[0]["email"] == zelda.email
    assert archive.read("picture.webp") == b"picture"
    assert "my &lt;b&gt;granite&lt;/b&gt;" in archive.read("messages.html").decode()
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"basalt-of-bob" not in everything
    assert bob.email.encode() not in everything
    assert zelda.password.encode() not in everything
    assert str(pair.pk).encode() in everything
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["version"]) == ("lyceum-export", 1)
    told = {entry["file"] for entry in manifest["contents"]}
    assert told <= set(archive.namelist())
    index = archive.read("index.html").decode()
    assert all(name.replace(".json", ".html") in index for name in told)


def test_while_one_is_made_asking_again_gives_the_same(zelda_api: APIClient, jobs: Jobs) -> None:
    one, other = zelda_api.post(EXPORT), zelda_api.post(EXPORT)
    assert one.json()["id"] == other.json()["id"]
    assert jobs.names() == ["accounts.export"]
    assert one.json()["file"] is None
    jobs.run()
    assert zelda_api.post(EXPORT).json()["id"] != one.json()["id"]


@in_each_storage
def test_a_repeated_request_is_answered_with_the_job_of_its_first_time(zelda_api: APIClient, jobs: Jobs) -> None:
    first = zelda_api.post(EXPORT, headers={"Idempotency-Key": "one"})
    jobs.run()
    again = zelda_api.post(EXPORT, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again["Location"], again.json()) == (202, first["Location"], first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert PrivacyJob.objects.count() == 1


def test_a_new_file_takes_the_place_of_the_one_before(zelda: User, bob: User, jobs: Jobs, on_commit: Any) -> None:
    others = made(bob, jobs)
    one = made(zelda, jobs)
    exports.ask(zelda)
    api, browser = client_of(zelda), Client()
    browser.force_login(zelda)

    def seen() -> tuple[str, str, bool]:
        told, page = api.get(EXPORT).json(), browser.get("/your-data/").content.decode()
        return told["state"], told["ready"]["id"], f"/export/{told['ready']['id']}/file/" in page

    assert seen() == ("waiting", one["id"], True), "the file of before is there until the new one is ready"
    assert api.get(api.get(EXPORT).json()["ready"]["file"]).status_code == 200
    with on_commit():
        jobs.run()
    assert seen() == ("done", str(exports.latest(zelda).pk), True)  # type: ignore[union-attr]
    latest = exports.latest(zelda)
    assert latest is not None
    assert set(default_storage.listdir("exports")[1]) == {f"{others['id']}.zip", f"{latest.pk}.zip"}
    assert PrivacyJob.objects.filter(user=zelda).count() == 1
    check_problem(api.get(one["url"]), 404, "not_found")


def test_what_failed_is_forgotten_when_one_asks_again(zelda: User, jobs: Jobs) -> None:
    for _ in range(3):
        exports.ask(zelda)
        PrivacyJob.objects.filter(state="waiting").update(state="failed")
    assert PrivacyJob.objects.count() == 1


def test_one_that_nobody_works_on_any_more_ends_by_itself(zelda: User, zelda_api: APIClient, jobs: Jobs) -> None:
    export = exports.ask(zelda)
    assert exports.forget_old() == 0
    assert exports.get_for(zelda, export.pk).state == "waiting"
    PrivacyJob.objects.update(state="running", created_at=timezone.now() - exports.LOST_AFTER)
    exports.forget_old()
    assert zelda_api.get(EXPORT).json()["state"] == "failed"
    exports.make(export.pk)
    assert zelda_api.get(EXPORT).json()["state"] == "failed"


@pytest.mark.parametrize("how", ["closed", "deactivated"])
def test_an_export_of_an_account_that_is_closed_ends(
    zelda: User, jobs: Jobs, on_commit: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def end(*_: Any) -> None:
        if how == "closed":
            erasure.close(zelda)
        else:
            accounts.deactivate(zelda, actor=None)

    export = exports.ask(zelda)
    end()
    export.refresh_from_db()
    assert export.state == "failed"
    User.objects.update(is_active=True, erase_at=None)
    PrivacyJob.objects.all().delete()

    # The same while it is being made.
    export = exports.ask(zelda)
    with monkeypatch.context() as patched, on_commit():
        patched.setattr(privacy, "export", lambda *_, **__: end())
        exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert not default_storage.exists(exports.path_of(export.pk))


def test_a_second_run_after_a_killed_worker_ends_the_same(
    zelda: User, zelda_api: APIClient, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = exports.ask(zelda)

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "save", die)
        with pytest.raises(Killed):
            exports.make(export.pk)
    assert zelda_api.get(f"{EXPORT}{export.pk}/").json()["state"] == "running"
    exports.make(export.pk)
    exports.make(export.pk)

    found = zelda_api.get(f"{EXPORT}{export.pk}/").json()
    assert found["state"] == "done"
    assert rows(opened(zelda_api, found), "profile")


@in_each_storage
def test_one_that_fails_says_so_and_can_be_asked_for_again(
    zelda: User, zelda_api: APIClient, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    zelda_api.post(EXPORT)
    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "save", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.run()
    assert zelda_api.get(EXPORT).json()["state"] == "failed"
    zelda_api.post(EXPORT)
    jobs.run()
    assert zelda_api.get(EXPORT).json()["state"] == "done"


@in_each_storage
def test_the_file_is_the_persons_alone_and_goes_after_its_days(
    zelda: User, zelda_api: APIClient, charlie_api: APIClient, jobs: Jobs, on_commit: Any
) -> None:
    job = made(zelda, jobs)
    path = exports.path_of(UUID(job["id"]))
    check_problem(charlie_api.get(job["file"]), 404, "not_found")
    assert default_storage.exists(path)
    PrivacyJob.objects.update(expires_at=timezone.now())

    check_problem(zelda_api.get(job["file"]), 404, "not_found")
    with on_commit():
        assert exports.forget_old() == 1
    assert not default_storage.exists(path)
    check_problem(zelda_api.get(EXPORT), 404, "not_found")


@in_each_storage
def test_what_a_given_up_job_left_goes_too(zelda: User, jobs: Jobs, on_commit: Any) -> None:
    path = exports.path_of(UUID(made(zelda, jobs)["id"]))
    PrivacyJob.objects.update(state="failed", expires_at=None, created_at=timezone.now() - timedelta(days=8))
    with on_commit():
        assert exports.forget_old() == 1
    assert not default_storage.exists(path)


@in_each_storage
def test_vanishing_text_is_in_what_is_fetched_while_it_lives_and_never_in_what_is_stored(
    zelda: User, bob: User, zelda_api: APIClient, jobs: Jobs, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = services.create_group(zelda.pk, name="Now", members=[bob.pk], history="all", retention="ephemeral")
    services.send_message(room.pk, sender=zelda.pk, content="gone-soon")
    services.send_message(room.pk, sender=bob.pk, content="not-mine")
    job = made(zelda, jobs)

    with default_storage.open(exports.path_of(UUID(job["id"]))) as file:
        stored = zipfile.ZipFile(file)
        assert not any(b"gone-soon" in stored.read(name) for name in stored.namelist())
    assert [row["content"] for row in rows(opened(zelda_api, job), "vanishing_messages")] == ["gone-soon"]
    later = timezone.now() + timedelta(hours=settings.EPHEMERAL_HOURS, minutes=1)
    monkeypatch.setattr("lyceum.messaging.ephemeral.timezone.now", lambda: later)
    PrivacyJob.objects.update(expires_at=later + timedelta(days=1))
    assert rows(opened(zelda_api, job), "vanishing_messages") == []


def test_every_table_that_refers_to_a_person_is_named_by_who_holds_it() -> None:
    declared = {name for holder in privacy.holders() for name in holder.tables}
    refer = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_config.name.startswith("lyceum.")
        and any(
            field.is_relation and field.related_model is User for field in model._meta.get_fields() if field.concrete
        )
    }
    assert refer <= declared
    assert declared <= {model._meta.label for model in apps.get_models()}


def test_closing_ends_every_sign_in_at_once_and_hides_the_person(
    zelda: User, bob_api: APIClient, zelda_api: APIClient, jobs: Jobs, on_commit: Any
) -> None:
    tokens.open_family(zelda, address="10.0.0.1", user_agent="curl")
    check_problem(zelda_api.post(ERASE, {"password": "wrong"}), 400, "invalid")
    with on_commit():
        answer = zelda_api.post(ERASE, {"password": PASSWORD})

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert set(TokenFamily.objects.filter(user=zelda).values_list("revoked_at", flat=True)) != {None}
    assert "zelda" not in bob_api.get("/api/v1/users/list/").content.decode().lower()
    jobs.run()
    assert [message.to for message in mail.outbox] == [[zelda.email]]
    assert "sign in before then" in mail.outbox[0].body


def test_the_code_of_the_second_factor_is_asked_for_too(zelda: User, zelda_api: APIClient, jobs: Jobs) -> None:
    from lyceum.accounts.models import Totp

    Totp.objects.create(user=zelda, sealed_secret="x", last_step=0)
    assert field_codes(zelda_api.post(ERASE, {"password": PASSWORD})) == {("otp", "required")}


def test_signing_in_in_time_brings_everything_back(zelda: User, jobs: Jobs, client: Client) -> None:
    erasure.close(zelda)
    answer = client.post(
        "/api/v1/auth/token/", {"email": zelda.email, "password": PASSWORD}, content_type="application/json"
    )

    assert answer.status_code == 200
    zelda.refresh_from_db()
    assert (zelda.is_active, zelda.erase_at, zelda.first_name) == (True, None, "Zeldacanary")
    assert not PrivacyJob.objects.filter(kind="erasure").exists()
    jobs.run()
    assert mail.outbox == []
    User.objects.update(erase_at=None)
    assert erasure.due() == []


def test_who_forgot_the_password_can_come_back_by_mail(zelda: User, jobs: Jobs, client: Client) -> None:
    erasure.close(zelda)
    jobs.run()
    mail.outbox.clear()
    client.post("/api/v1/users/password/reset/", {"email": zelda.email}, content_type="application/json")
    jobs.run()
    [sent] = mail.outbox
    token = next(word for word in str(sent.body).split() if "/reset/" in word).rstrip("/").rsplit("/", 1)[1]
    new = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
    confirm = "/api/v1/users/password/reset/confirm/"
    assert client.post(confirm, {"token": token, **new}, content_type="application/json").status_code == 204
    assert not User.objects.get(pk=zelda.pk).is_active
    body = {"email": zelda.email, "password": new["password"]}
    assert client.post("/api/v1/auth/token/", body, content_type="application/json").status_code == 200
    assert User.objects.get(pk=zelda.pk).is_active


def test_a_wrong_password_brings_nothing_back(zelda: User, jobs: Jobs, client: Client) -> None:
    erasure.close(zelda)
    body = {"email": zelda.email, "password": "wrong"}
    answer = client.post("/api/v1/auth/token/", body, content_type="application/json")
    check_problem(answer, 401, "invalid_credentials")
    assert not User.objects.get(pk=zelda.pk).is_active


def test_who_was_closed_by_staff_does_not_come_back(zelda: User, jobs: Jobs, client: Client) -> None:
    accounts.deactivate(zelda, actor=None)
    body = {"email": zelda.email, "password": PASSWORD}
    answer = client.post("/api/v1/auth/token/", body, content_type="application/json")
    check_problem(answer, 401, "invalid_credentials")


def test_whom_staff_shut_out_while_closing_is_erased_in_time_and_cannot_take_it_back(
    zelda: User, priya: User, jobs: Jobs, client: Client
) -> None:
    erasure.close(zelda)
    promised = User.objects.get(pk=zelda.pk).erase_at
    at_staff = Client()
    at_staff.force_login(priya)
    body = {"action": "shut", "_selected_action": [str(zelda.pk), str(priya.pk)]}
    assert at_staff.post("/admin/accounts/user/", body).status_code == 302

    entry = {"email": zelda.email, "password": PASSWORD}
    answer = client.post("/api/v1/auth/token/", entry, content_type="application/json")
    check_problem(answer, 401, "invalid_credentials")
    zelda.refresh_from_db()
    assert (zelda.is_active, zelda.erase_at) == (False, promised)
    assert User.objects.get(pk=priya.pk).is_active, "nobody shuts themselves out"
    User.objects.filter(pk=zelda.pk).update(erase_at=timezone.now())
    assert erasure.due() == [zelda.pk]


def test_whom_staff_let_in_again_may_enter(zelda: User, priya: User, jobs: Jobs, client: Client) -> None:
    erasure.close(zelda)
    accounts.deactivate(zelda, actor=priya)
    zelda.refresh_from_db()
    at_staff = Client()
    at_staff.force_login(priya)
    body = {name: getattr(zelda, name) for name in ("email", "first_name", "last_name", "limit_profile")}
    body |= {"is_active": "on", "seen_version": zelda.version}
    assert at_staff.post(f"/admin/accounts/user/{zelda.pk}/change/", body).status_code == 302
    zelda.refresh_from_db()
    assert (zelda.is_active, zelda.is_barred, zelda.erase_at) == (True, False, None)
    assert not PrivacyJob.objects.filter(kind="erasure").exists()


def test_the_last_of_staff_hands_over_first(jobs: Jobs) -> None:
    only = make_person("only", password=PASSWORD, is_staff=True)
    check_problem(client_of(only).post(ERASE, {"password": PASSWORD}), 409, "last_staff")
    make_person("next", is_staff=True)
    assert client_of(only).post(ERASE, {"password": PASSWORD}).status_code == 202


def everything() -> str:
    """Return all that PostgreSQL and Valkey hold, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select coalesce(string_agg(t::text, chr(10)), $$$$) from "{table}" t')
            found.append(f"{table}: {cursor.fetchone()[0]}")
    client: Any = valkey.connection()
    for key in client.scan_iter(valkey.key("*")):
        kind = client.type(key)
        value = {
            b"string": lambda key=key: client.get(key),
            b"hash": lambda key=key: client.hgetall(key),
            b"zset": lambda key=key: client.zrange(key, 0, -1),
            b"set": lambda key=key: client.smembers(key),
            b"list": lambda key=key: client.lrange(key, 0, -1),
        }[kind]()
        found.append(f"{key}: {value}")
    return "\n".join(found)


@in_each_storage
def test_what_is_left_of_an_erased_person_is_what_they_wrote(
    zelda: User, bob: User, alice: User, jobs: Jobs, settings: LazySettings, on_commit: Any, client: Client
) -> None:
    room = services.create_group(zelda.pk, name="Maps", members=[bob.pk, alice.pk], history="all")
    pair, _ = services.create_direct(zelda.pk, bob.pk)
    sent = services.send_message(pair.pk, sender=zelda.pk, content="the-text-canary stays")
    services.send_message(room.pk, sender=zelda.pk, content="here too")
    theirs = services.send_message(pair.pk, sender=bob.pk, content="basalt", reply_to=sent.message_id)
    services.react(selectors.get_participant_for(zelda.pk, pair.pk), theirs.message_id, "👍", add=True)
    bob_api = client_of(bob)
    address = f"/api/v1/chat/conversations/{pair.pk}/messages/"
    assert "Zeldacanary" in bob_api.get(address).content.decode()  # which fills the hot tail
    body = {"email": zelda.email, "password": PASSWORD}
    assert client.post("/api/v1/auth/token/", body, content_type="application/json").status_code == 200
    Preferences.objects.create(user=zelda)
    Device.objects.create(user=zelda, endpoint="https://push.example.org/endpoint-canary", endpoint_hash="c")
    audit.record(zelda, "user.signed_in", zelda.pk, address="10.9.8.7")
    made(zelda, jobs)
    erasure.close(zelda)
    assert "canary" in everything()

    assert erasure.erase(zelda.pk) is False
    User.objects.filter(pk=zelda.pk).update(erase_at=timezone.now())
    assert erasure.due() == [zelda.pk]
    jobs.waiting.clear()
    with on_commit():
        assert erasure.erase(zelda.pk)
    assert erasure.erase(zelda.pk) is False

    left = everything().lower().replace("the-text-canary", "")
    assert "canary" not in left
    assert "10.9.8.7" not in left
    assert not default_storage.listdir("exports")[1]
    page = bob_api.get(address).json()["results"]
    assert [(row["content"], row["sender"]["name"]) for row in page] == [
        ("the-text-canary stays", "Deleted person"),
        ("basalt", "Bob Tester"),
    ]
    assert page[1]["reply_to"]["sender"]["name"] == "Deleted person"
    assert page[1]["reactions"] == []
    listed = bob_api.get("/api/v1/chat/conversations/").json()["results"]
    shown = {row["id"]: {person["name"] for person in row["participants"]} for row in listed}
    assert shown[str(pair.pk)] == {"Deleted person", "Bob Tester"}
    assert shown[str(room.pk)] == {"Bob Tester", "Alice Tester"}
    assert Participant.objects.filter(conversation=room, role="owner").count() == 1
    assert Conversation.objects.filter(pk=room.pk, ended_at=None).exists()
    assert not Session.objects.filter(user=zelda).exists()
    make_person("zelda.canary")  # the address is free


def test_what_waits_for_somebody_with_a_longer_address_stays(zelda: User) -> None:
    for email in (f"griselda.{zelda.email}", zelda.email):
        jobs.enqueue("accounts.mail_verification", email=email, url="https://example.org/")
    erasure.close(zelda)
    User.objects.filter(pk=zelda.pk).update(erase_at=timezone.now())
    assert erasure.erase(zelda.pk)
    assert [job.args["email"] for job in ProcrastinateJob.objects.all()] == [f"griselda.{zelda.email}"]


def test_an_erasure_that_fails_leaves_everything(zelda: User, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    Preferences.objects.create(user=zelda)
    User.objects.filter(pk=zelda.pk).update(erase_at=timezone.now(), is_active=False)
    monkeypatch.setattr(PrivacyJob.objects, "filter", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        erasure.erase(zelda.pk)
    assert Preferences.objects.filter(user=zelda).exists()
    assert User.objects.get(pk=zelda.pk).first_name == "Zeldacanary"
