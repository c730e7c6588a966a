"""The digest through a real SMTP server, sent by a real worker, and stopped by the link in its head."""

import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import psycopg
import pytest

from tests.conftest import make_database, start_web
from tests.inbox import Inbox

pytestmark = pytest.mark.live
ASK = (
    "import sys, django; django.setup()\n"
    "from lyceum.core import jobs\n"
    "for _ in range(3): jobs.enqueue('notifications.digest', user_id=sys.argv[1])\n"
)


def test_one_mail_comes_however_often_it_is_asked_for_and_one_click_stops_them(
    inbox: tuple[Inbox, int], worker_id: str, tmp_path: object
) -> None:
    handler, port = inbox
    environment = {
        **make_database(f"digest_{worker_id}"),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "PUBLIC_URL": "http://lyceum.example",
        "MAIL_FROM": "Lyceum <house@lyceum.example>",
    }
    site, web = start_web(environment)
    try:
        alice, bob = site.register("Alice"), site.register("Bob")
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("update accounts_user set email_verified_at = now()")
            connection.execute("delete from procrastinate_jobs")  # the mails that confirm addresses
        alice.call("PATCH", "notifications/preferences/", {"digest": "hourly"})
        room = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]}).data["id"]
        bob.call("POST", f"chat/conversations/{room}/messages/", {"content": "Der Kern ist da – grün"})
        subprocess.run([sys.executable, "-c", ASK, alice.id], env=environment, check=True)
        worker = subprocess.Popen([sys.executable, "-m", "tests.live", "worker", str(tmp_path)], env=environment)
        try:
            handler.wait_for(1)
            ends = time.monotonic() + 30
            while _waiting(environment):
                assert time.monotonic() < ends
                time.sleep(0.1)
        finally:
            worker.terminate()
            worker.wait(20)
        [(to, subject, text)] = handler.mails
        assert (to, subject) == ([alice.email], "1 message waits for you")
        assert "Der Kern ist da – grün" in text
        html = handler.messages[0].get_body(("html",))
        assert html is not None and f"http://lyceum.example/talk/{room}/" in html.get_content()

        link = re.fullmatch(r"<http://lyceum\.example(/\S+)>", str(handler.messages[0]["List-Unsubscribe"]).strip())
        assert link
        click = urllib.parse.urlencode({"List-Unsubscribe": "One-Click"}).encode()
        with urllib.request.urlopen(f"{site.url}{link[1]}", click, timeout=10) as answer:
            assert answer.status == 200
        assert alice.call("GET", "notifications/preferences/").data["digest"] == "off"
    finally:
        web.terminate()
        web.wait(20)


def _waiting(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        found = connection.execute(
            "select count(*) from procrastinate_jobs where task_name = 'notifications.digest'"
            " and status in ('todo', 'doing')"
        ).fetchone()
    return found[0] if found else 0
