"""What the log files of a whole flow hold, and what they never hold."""

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.conftest import PASSWORD, start_web

TEXT = "a-very-private-sentence"
FIELDS = {"method", "path", "status", "duration_ms", "user", "address", "request_id"}


def lines_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob(f"*.{kind}.log*") for line in path.read_text().splitlines()]


async def test_each_request_and_socket_event_has_one_line_and_no_line_has_a_secret(
    flow_environment: dict[str, str], tmp_path: Path
) -> None:
    site, process = start_web({**flow_environment, "LOG_DIR": str(tmp_path), "LOG_LEVEL": "DEBUG"})
    alice, bob = site.register("Alice"), site.register("Bob")
    room = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]}).data["id"]
    sent = alice.call("POST", f"chat/conversations/{room}/messages/", {"content": TEXT, "client_id": "one"})
    line = await alice.open(f"/ws/chat/{room}/")
    await line.send(message=f"{TEXT} again", client_id="two")
    await line.hear("user_message_received")
    await line.send(type="nonsense")
    await line.hear("error")
    ticket = str(line.socket.request.headers["Sec-WebSocket-Protocol"]) if line.socket.request else ""
    await line.close()
    refresh = site.call("POST", "auth/token/", {"email": alice.email, "password": PASSWORD}).data["refresh"]
    site.call("POST", "auth/token/refresh/", {"refresh": refresh})
    site.call("POST", "users/password/reset/confirm/", {"token": "reset-secret", "password": PASSWORD})
    site.call("POST", "users/login/", {"email": alice.email, "password": "wrong-secret-1"})
    alice.call("GET", "users/list/?q=query-secret")
    for path in ("/path-secret/", f"/talk/{room}/?next=query-secret"):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{site.url}{path}", timeout=10).close()
    process.terminate()
    process.wait(20)

    access = lines_of(tmp_path, "access")
    assert all(set(entry) >= FIELDS for entry in access if not entry["path"].startswith("(")), access
    mine = [entry for entry in access if entry["request_id"] == sent.headers["X-Request-ID"]]
    assert [(one["method"], one["path"], one["status"], one["user"]) for one in mine] == [
        ("POST", "/api/v1/chat/conversations/<uuid:conversation_id>/messages/", 201, alice.id)
    ]
    socket = [entry for entry in access if entry["event"].startswith("socket_")]
    assert [(one["method"], one["status"]) for one in socket] == [
        ("open", "ok"),
        ("user_message", "ok"),
        ("(unknown)", "unknown_type"),
        ("close", 1000),
    ]
    assert len({one["request_id"] for one in socket}) == 1
    assert {(one["path"], one["user"]) for one in socket} == {("/ws/chat/{id}/", alice.id)}
    written = "".join(path.read_text() for path in tmp_path.glob("*.log*")) + site.log.read_text()
    for secret in (TEXT, PASSWORD, "-secret", alice.token, refresh, ticket.partition("ticket.")[2], alice.email):
        assert secret, "nothing to look for"
        assert secret not in written


def test_files_rotate_and_no_two_processes_write_one(flow_environment: dict[str, str], tmp_path: Path) -> None:
    program = """
import lyceum.core.logs as logs
logs.MAX_BYTES = 2000
logs.name_process("web")
import django; django.setup()
import structlog, sys
for number in range(200):
    structlog.get_logger("lyceum.access").info("request", number=number, who=sys.argv[1])
print("done", flush=True)
sys.stdin.read()
"""
    environment = {**flow_environment, "LOG_DIR": str(tmp_path), "LOG_STDOUT": "false"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, name],
            env={**environment, "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("first", "second")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
    for process in processes:
        process.communicate()
    for name in ("web", "web-2"):
        files = sorted(tmp_path.glob(f"{name}.access.log*"))
        assert len(files) == 6
        assert all(file.stat().st_size <= 2000 for file in files)
        assert len({json.loads(line)["who"] for file in files for line in file.read_text().splitlines()}) == 1


def test_an_unexpected_error_is_logged_once_with_its_trace_and_the_id_of_its_request(
    flow_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {**flow_environment, "LOG_DIR": str(tmp_path)}
    site, process = start_web(environment, messaging__selectors__get_participant_for=None)
    alice = site.register("Alice")
    failed = alice.call("GET", f"chat/conversations/{alice.id}/")
    process.terminate()
    process.wait(20)
    assert (failed.status, failed.data["code"]) == (500, "internal")
    assert "NoneType" not in json.dumps(failed.data)
    traced = [entry for entry in lines_of(tmp_path, "application") if "exception" in entry]
    assert [entry["request_id"] for entry in traced] == [failed.data["request_id"]]
