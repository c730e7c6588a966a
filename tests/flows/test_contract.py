"""The OpenAPI document against a running server: what is documented is what happens, to anybody."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Person, Site, start_web

EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "6")
# Every bound of every parameter once, as a member; the others meet the same parsers behind other rights.
PHASES = {"anonymous": "examples,fuzzing", "member": "examples,coverage,fuzzing", "staff": "examples,fuzzing"}
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth"
)
# A condition that does not hold is told before the body is looked at; without a trained model, `strict` gets 503.
EXPECTED = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 406, 409, 412, 415]

[[operations]]
include-path = "/api/v1/books/recommended/"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
# It finds its own sign-in in the list, and would go on as nobody.
ENDS_THE_RUN = ("post_logout", "delete_sign_in_detail")


@pytest.fixture(scope="module")
def own_site(flow_environment: dict[str, str], indexer: None) -> Iterator[Site]:
    """A server with a Valkey database of its own: the many wrong passwords lock this machine's address."""
    redis_url = flow_environment["REDIS_URL"].replace("db=", "db=1")
    site, process = start_web({**flow_environment, "REDIS_URL": redis_url})
    until_indexed(site)
    yield site
    process.terminate()
    process.wait(20)


def until_indexed(site: Site) -> None:
    """Wait for the first index, without which every search is answered 503."""
    anybody, ends = site.register("Anybody"), time.monotonic() + 60
    while anybody.call("GET", "search/").status != 200:
        assert time.monotonic() < ends, "nothing is indexed"
        time.sleep(0.2)


def what_there_is(person: Person) -> str:
    """Write the configuration by which a run finds rows that exist, so that it gets behind the 404."""
    other = person.site.register("Bob")
    room = person.call("POST", "chat/conversations/", {"kind": "direct", "participants": [other.id]}).data["id"]
    message = person.call("POST", f"chat/conversations/{room}/messages/", {"content": "rock"}).data["id"]
    found = {"conversation_id": room, "message_id": message, "member_id": other.id, "user_id": person.id, "emoji": "👍"}
    found |= what_is_in_the_library(person)
    return "\n[parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in found.items())


def what_is_in_the_library(person: Person) -> dict[str, str]:
    librarian, own = person.site.register("Libby").become_staff(), person.name.split()[0]

    def made(who: Person, path: str, **body: object) -> str:
        return str(who.call("POST", path, body).data["id"])

    book = made(librarian, "books/", title="Ore deposits", price="49.00", stock=3)
    return {
        "book_id": book,
        "author_id": made(librarian, "authors/", last_name="Le Guin"),
        "publisher_id": made(librarian, "publishers/", name=f"{own} Press"),
        "category_id": made(librarian, "categories/", name=f"{own}s of geology"),
        "review_id": made(person, f"books/{book}/reviews/", rating=4),
        "item_id": made(person, "cart/items/", book=book),
    }


def what_went_wrong(told: str) -> str:
    """Leave out the long list of what could have been tried better."""
    return re.sub(r"=+ WARNINGS =+.*?(?==+ SUMMARY =+)", "", told, flags=re.DOTALL)[-20_000:]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", list(PHASES))
def test_the_document_is_true(own_site: Site, who: str, tmp_path: Path) -> None:
    options: list[str] = []
    configuration = EXPECTED
    person = None
    if who != "anonymous":
        person = own_site.register(who.title())
        if who == "staff":
            person.become_staff()
        configuration += what_there_is(person)
        options = ["-H", f"Authorization: Bearer {person.token}"]
        for operation in ENDS_THE_RUN:
            options += ["--exclude-operation-id", operation]
    (tmp_path / "schemathesis.toml").write_text(configuration)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{own_site.url}/api/schema/"),
        *("--checks", CHECKS, "--phases", PHASES[who], "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--no-shrink", "--continue-on-failure", "--no-color"),
        *options,
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    tried = re.search(r"(\d+) generated", run.stdout)
    assert tried, run.stdout + run.stderr
    assert int(tried[1]) > 200
    assert run.returncode == 0, what_went_wrong(run.stdout) + run.stderr[-2_000:]
    assert not person or person.call("GET", "users/profile/").status == 200, "it went on as nobody"
