"""The receiver that the page on webhooks shows: it takes what is genuine, once, and nothing else."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

from lyceum.notifications.signatures import new_secret, sign
from tests.conftest import free_port
from tests.docs.blocks import DOCS, program


def test_the_receiver_takes_what_is_genuine_once_and_nothing_else() -> None:
    source, _ = program(DOCS / "webhooks.md", "python")
    assert "8099" in source
    port, secret = free_port(), new_secret()
    command = [sys.executable, "-c", source.replace("8099", str(port))]
    receiver = subprocess.Popen(command, env={"WEBHOOK_SECRET": secret}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    body = json.dumps({"type": "message.created", "data": {"sequence": 7}}).encode()

    def post(*, body: bytes = body, key: str = secret, age: int = 0) -> int:
        now = int(time.time()) - age
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now)}
        # As after a change of the secret: another signature stands first.
        signed = f"v1,AAAA {sign(key, message_id='msg_1', timestamp=now, body=body)}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/", body, {**headers, "webhook-signature": signed}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as err:
            return err.code

    try:
        ends = time.monotonic() + 20
        while True:
            try:
                assert post(key=new_secret()) == 401
                break
            except urllib.error.URLError:
                assert time.monotonic() < ends and receiver.poll() is None
                time.sleep(0.05)
        assert post(age=3600) == 401
        assert [post(), post()] == [204, 204]
    finally:
        receiver.terminate()
        printed, _ = receiver.communicate(timeout=10)
    assert printed.decode().splitlines() == ["message.created {'sequence': 7}"]
