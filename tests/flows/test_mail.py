"""Mail through a real SMTP server, sent by a real worker: what a person clicks on works."""

import re
import subprocess
import sys

import pytest

from tests.conftest import make_database, start_web
from tests.inbox import Inbox

pytestmark = pytest.mark.live
NEW = "Widgiemooltha-ridge-9"


def test_the_link_of_a_mailed_reset_changes_the_password(
    inbox: tuple[Inbox, int], worker_id: str, tmp_path: object
) -> None:
    handler, port = inbox
    environment = {
        **make_database(f"mail_{worker_id}"),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "PUBLIC_URL": "http://lyceum.example",
        "MAIL_FROM": "Lyceum <house@lyceum.example>",
    }
    site, web = start_web(environment)
    worker = subprocess.Popen([sys.executable, "-m", "tests.live", "worker", str(tmp_path)], env=environment)
    try:
        alice = site.register("Alice")
        asked = site.call("POST", "users/password/reset/", {"email": alice.email})
        unknown = site.call("POST", "users/password/reset/", {"email": "nobody@example.org"})
        assert (asked.status, unknown.status) == (202, 202)
        mails = [mail for mail in handler.wait_for(2) if "password" in mail[1].lower()]
        assert [to for to, _, _ in mails] == [[alice.email]]
        link = re.search(r"http://lyceum\.example/\S+", mails[0][2])
        assert link, mails
        token = link[0].rstrip("/").rsplit("/", 1)[-1]
        body = {"token": token, "password": NEW, "password_confirm": NEW}
        assert site.call("POST", "users/password/reset/confirm/", body).status < 300
        assert site.call("POST", "users/password/reset/confirm/", body).status == 400
        assert site.call("POST", "auth/token/", {"email": alice.email, "password": NEW}).status == 200
        assert alice.call("GET", "auth/me/").status == 401
    finally:
        for process in (worker, web):
            process.terminate()
            process.wait(20)
