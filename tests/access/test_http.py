"""Every operation, tried by everybody: who may gets through, who may not changes nothing and learns nothing."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from lyceum.accounts import keys
from lyceum.core import jobs as core_jobs
from lyceum.core.scopes import declared
from lyceum.core.testing.fakes import Jobs
from lyceum.messaging import services
from lyceum.search import engines, registry
from lyceum.search.contracts import Change
from tests.access.lines import FILE, Line, document, documented, lines, routed, undoored
from tests.access.world import CSRF, SCHEMES, World, client, make_world, missing, state, tables

LINES = lines("http")
MEMBERS = {"owner", "member", "fellow"}
EVERYBODY = MEMBERS | {"removed", "stranger", "staff"}
MAY = {
    "public": EVERYBODY,
    "person": EVERYBODY,
    "own": {"owner"},
    "kept": {"owner", "staff"},
    "member": MEMBERS,
    "writer": {"member"},
    "moderator": {"owner", "member"},
    "owner": {"owner"},
    "ended": {"owner"},
    # Not people, but a program that has the secret.
    "signed": set(),
    "staff": {"staff"},
}
PERSONAL = ("instance", "request_id")
pytestmark = pytest.mark.django_db


def index_everything() -> None:
    """Have the index hold all that there is, so that it could leak."""
    engine = engines.current()
    for declaration in registry.all_declared():
        engine.prepare(declaration)
        found = declaration.load(list(declaration.ids(None)))
        engine.apply(declaration, [Change(one.id, 1, one) for one in found])
        engine.commit(declaration.kind)


@pytest.fixture(scope="module")
def made_world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[tuple[World, Path]]:
    """Make the world once, for all tests of this file; each of them runs in a savepoint of its transaction."""
    media = tmp_path_factory.mktemp("world")
    whole = transaction.atomic()
    # As a test case says of its own: what wants to be the outermost may stand in it.
    whole._from_testcase = True  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), whole:
        folders = {"MEDIA_ROOT": media, "SEARCH_URL": "", "SEARCH_DIR": media / "search"}
        with override_settings(**folders, REDIS_PREFIX="test-world:"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(core_jobs, "enqueue", Jobs().enqueue)
            made = make_world()
            index_everything()
        yield made, media
        transaction.set_rollback(True)


@pytest.fixture
def world(made_world: tuple[World, Path], db: None, settings: Any, jobs: Any) -> World:
    made, settings.MEDIA_ROOT = made_world
    settings.SEARCH_URL, settings.SEARCH_DIR = "", settings.MEDIA_ROOT / "search"
    settings.LIMITS_ENABLED = False
    return deepcopy(made)


def filled(part: Any, ids: Any) -> Any:
    if isinstance(part, str):
        return part.format_map(ids)
    if isinstance(part, dict):
        return {name: filled(value, ids) for name, value in part.items()}
    return [filled(value, ids) for value in part] if isinstance(part, list) else part


def ask(caller: Client, line: Line, ids: Any, *, body: Any = None, **headers: str) -> Any:
    operation = documented()[line.name]
    known = {**ids, "conversation_id": ids["ended_id"]} if line.kind == "ended" else ids
    try:
        path = operation.path.format_map(known)
    except KeyError as err:
        raise AssertionError(f"{line.name} needs {err} in world.py: make such a thing of the owner's there.") from err
    path += f"?{filled(line.query, ids)}" if line.query else ""
    given = filled(body if body is not None else line.body, ids)
    options: dict[str, Any] = {"content_type": "application/json"} if operation.is_write else {}
    if operation.is_write:
        options["data"] = {} if given is None and operation.body else given if given is not None else ""
    return getattr(caller, operation.method)(path, headers={**line.headers, **headers}, **options)


def refusal(line: Line, role: str) -> tuple[int, ...]:
    if line.kind == "signed":
        return (401,)
    if line.kind == "staff" or (line.kind in ("writer", "moderator", "owner") and role in MEMBERS):
        return (403,)
    return (404,)


def told(answer: Any) -> Any:
    return {name: value for name, value in answer.json().items() if name not in PERSONAL}


def callers(world: World, roles: set[str]) -> Iterator[tuple[str, str, Client]]:
    for role in sorted(roles):
        for scheme, sign_in in SCHEMES.items():
            yield role, scheme, sign_in(world.people[role])


def test_every_operation_is_routed_documented_and_has_its_line() -> None:
    assert not undoored(), f"No door stands behind {undoored()}: derive the view from Door."
    named = {(name.split("_", 1)[0], "".join(map(str.title, name.split("_")[1:]))) for name in documented()}
    assert routed() == named, "An operation is routed and not documented, or the other way round."
    without = sorted(set(documented()) - set(LINES))
    assert not without, f"Say who may: add to `http:` of tests/access/{FILE.name} a line `NAME: CLASS` for {without}."
    gone = sorted(set(LINES) - set(documented()))
    assert not gone, f"There are no such operations any more; take their lines out of {FILE.name}: {gone}"


@pytest.mark.parametrize("name", sorted(LINES))
def test_who_is_not_signed_in_gets_nowhere(world: World, name: str) -> None:
    line, before = LINES[name], state()
    for who, caller in {"nobody": client(), **world.broken()}.items():
        with transaction.atomic():
            answer = ask(caller, line, world.ids)
            transaction.set_rollback(line.kind == "public")
        if line.kind == "public":
            assert answer.status_code not in (404, 405), (who, answer.content)
            assert b"not_authenticated" not in answer.content
        else:
            assert answer.status_code == 401, (who, answer.status_code, answer.content)
            assert answer["WWW-Authenticate"].startswith('Bearer realm="lyceum"')
        assert_nothing_leaks(world, "stranger", answer)
    assert state() == before


def assert_nothing_leaks(world: World, role: str, answer: Any) -> None:
    assert_it_is_private(answer)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    content += str(answer.headers).encode()
    if role not in ("owner", "staff"):
        assert world.private.encode() not in content, f"{role} reads what is private"
    if role not in MEMBERS:
        assert world.shared.encode() not in content, f"{role} reads what is shared among members"


def assert_it_is_private(answer: Any) -> None:
    """No cache between may keep it, and no browser takes it for something else; refusals are no exception."""
    kept = {part.strip() for part in answer.headers.get("Cache-Control", "").split(",")}
    assert kept & {"no-store", "private"}, f"Cache-Control: {answer.headers.get('Cache-Control')}"
    assert "public" not in kept
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert (
        "frame-ancestors 'none'" in answer["Content-Security-Policy"] or "sandbox" in answer["Content-Security-Policy"]
    )
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("name", sorted(name for name, line in LINES.items() if line.kind != "public"))
def test_who_may_gets_through_and_nobody_else(world: World, name: str) -> None:
    line = LINES[name]
    before = state()
    for role, scheme, caller in callers(world, EVERYBODY - MAY[line.kind]):
        answer = ask(caller, line, world.ids)
        assert answer.status_code in refusal(line, role), (role, scheme, answer.status_code, answer.content)
        assert_nothing_leaks(world, role, answer)
        if answer.status_code == 404:
            absent = ask(caller, line, missing())
            assert (absent.status_code, told(absent)) == (404, told(answer)), "what is another's looks like nothing"
    assert state() == before, "somebody was refused and has changed something"
    # A door that is shut for all would have passed until here.
    for role, scheme, caller in callers(world, MAY[line.kind]):
        with transaction.atomic():
            answer = ask(caller, line, world.ids)
            transaction.set_rollback(True)
        is_good = answer.status_code < 300 or answer.status_code in line.answers
        assert is_good, (role, scheme, answer.status_code, answer.content)
        assert_nothing_leaks(world, role, answer)
        assert_it_says_where(line, answer)


def assert_it_says_where(line: Line, answer: Any) -> None:
    """What was made has its address below the one where it was asked for, wherever the document says so.

    An act (`orders/create_from_cart/`) makes something of the list that it stands in.
    """
    operation = documented()[line.name]
    answers = document()["paths"][operation.path][operation.method]["responses"]
    told = answers.get(str(answer.status_code), {}).get("headers", {})
    assert ("Location" in told) == ("Location" in answer.headers)
    if "Location" in told:
        below = answer.wsgi_request.path.removesuffix("create_from_cart/")
        assert answer["Location"] == f"{below}{answer.json()['id']}/"


FOR_PEOPLE = {name: line for name, line in LINES.items() if line.kind not in ("public", "signed")}
WRITES = sorted(name for name in FOR_PEOPLE if documented()[name].is_write)


@pytest.mark.parametrize("name", WRITES)
def test_a_session_writes_nothing_without_its_csrf_token(world: World, name: str) -> None:
    line, before = LINES[name], state()
    for token in ("", "b" * 32):
        caller = SCHEMES["session"](world.people[min(MAY[line.kind])])
        caller.defaults["HTTP_X_CSRFTOKEN"] = token
        answer = ask(caller, line, world.ids)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), answer.content
    assert state() == before


CHANGING = sorted(name for name in WRITES if documented()[name].method in ("put", "patch", "delete"))
# What is looked at before: a picture in the body, a confirmed sign-in.
ELSEWHERE = {"put_own_avatar", "put_book_cover", "delete_passkey_detail"}


@pytest.mark.parametrize("name", sorted(set(CHANGING) - ELSEWHERE))
def test_a_change_of_another_state_than_the_one_that_is_there_is_refused(world: World, name: str) -> None:
    line, before = LINES[name], state()
    caller = SCHEMES["token"](world.people[min(MAY[line.kind])])
    answer = ask(caller, line, world.ids, **{"If-Match": '"another.1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed"), answer.content
    assert state() == before
    with transaction.atomic():
        answer = ask(caller, line, world.ids, **{"If-Match": "*"})
        transaction.set_rollback(True)
    assert answer.status_code < 300, answer.content


def model_fields() -> set[str]:
    columns = {column.name for model in tables() for column in model._meta.get_fields() if hasattr(column, "column")}
    return columns | {"owner", "is_superuser", "user_id", "sender_id", "conversation_id", "seq", "status", "price"}


BODIES = sorted(name for name, line in LINES.items() if documented()[name].body is not None and line.kind != "signed")


@pytest.mark.parametrize("name", BODIES)
def test_a_field_that_is_not_for_writing_is_refused(world: World, name: str) -> None:
    line, schema = LINES[name], documented()[name].body
    assert schema is not None
    extra = {name: "zq" for name in model_fields() - set(schema["properties"])}
    role = min(MAY[line.kind])
    caller, before = SCHEMES["token"](world.people[role]) if line.kind != "public" else client(), state()
    answer = ask(caller, line, world.ids, body={**(line.body or {}), **extra})
    assert answer.status_code == 400, answer.content
    unknown = {error["field"] for error in answer.json()["errors"] if error["code"] == "unknown_field"}
    assert unknown == set(extra), extra.keys() - unknown
    assert state() == before


KEY_LINES = sorted(FOR_PEOPLE)


@pytest.mark.parametrize("name", KEY_LINES)
def test_a_service_key_does_what_its_scopes_say_and_is_a_stranger_elsewhere(world: World, name: str) -> None:
    line = LINES[name]
    _, bare = keys.create(name="Bare", scopes=[], actor=None)
    _, whole = keys.create(name="Whole", scopes=list(declared()), actor=None)
    before = state()
    answer = ask(client(Authorization=f"Bearer {bare}"), line, world.ids)
    assert answer.status_code == 403, answer.content
    answer = ask(client(Authorization=f"Bearer {whole}"), line, world.ids)
    assert answer.status_code in (403, 404) or line.kind == "person", answer.content
    assert_nothing_leaks(world, "stranger", answer)
    if line.kind != "person":
        assert without_use(state()) == without_use(before)


def without_use(found: list[Any]) -> list[Any]:
    """Forget when a key was last used."""
    return [(name, rows) for name, rows in found if name != "ServiceKey"]


@pytest.mark.parametrize("field", ["reply_to", "participants", "user"])
def test_ids_in_bodies_of_what_is_not_theirs_look_like_ids_of_nothing(world: World, field: str) -> None:
    people, ids = world.people, world.ids
    own = {"conversation_id": _room_of(people["stranger"])}
    gone = people["deactivated"].pk
    cases = {
        "reply_to": ("post_message_list", lambda value: {"content": "x", "reply_to": value}, ids["message_id"]),
        "participants": ("post_conversation_list", lambda v: {"kind": "direct", "participants": [v]}, gone),
        "user": ("post_member_list", lambda value: {"user": value}, gone),
    }
    name, body, foreign = cases[field]
    caller, before = SCHEMES["token"](people["stranger"]), state()
    answers = [
        ask(caller, LINES[name], {**ids, **own}, body=body(str(value))) for value in (foreign, missing()["user_id"])
    ]
    assert [answer.status_code for answer in answers] == [400, 400], answers[0].content
    assert told(answers[0]) == told(answers[1])
    assert state() == before


def _room_of(person: Any) -> Any:
    return services.create_group(person.pk, name="Mine", members=[], history="all").pk


def test_the_token_of_these_clients_is_good(world: World) -> None:
    assert SCHEMES["session"](world.people["owner"]).cookies["csrftoken"].value == CSRF
