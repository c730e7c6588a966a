from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from lyceum.core.mail import send


def test_without_a_mail_server_each_mail_is_a_file_that_mail_programs_open(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "lyceum.core.mail.MailFolder", str(tmp_path / "mail")
    for name in ("alice", "bob"):
        send(f"{name}@example.org", "Grüße", f"Hello {name}")
    files = list((tmp_path / "mail").glob("*.eml"))
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert {(mail["To"], mail["Subject"]) for mail in mails} == {
        ("alice@example.org", "Grüße"),
        ("bob@example.org", "Grüße"),
    }
