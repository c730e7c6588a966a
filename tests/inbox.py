"""A mail server of the tests, real and on this machine."""

import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.conftest import free_port


class Inbox:
    """Keeps what is sent to it; refuses the first mail for a while, as busy servers do."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str, str]] = []
        self.messages: list[EmailMessage] = []
        self.put_off = 1

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.put_off:
            self.put_off -= 1
            return "451 Come again later"
        mail = cast(EmailMessage, message_from_bytes(envelope.original_content or b"", policy=policy.default))
        body = mail.get_body(("plain",))
        assert body is not None
        self.messages.append(mail)
        self.mails.append((envelope.rcpt_tos, str(mail["Subject"]), str(body.get_content())))
        return "250 OK"

    def wait_for(self, number: int) -> list[tuple[list[str], str, str]]:
        ends = time.monotonic() + 30
        while len(self.mails) < number:
            assert time.monotonic() < ends, self.mails
            time.sleep(0.05)
        return self.mails


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    handler = Inbox()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()
