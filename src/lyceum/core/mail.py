"""Mails: sent by jobs, tried again while the server is away, given up when it refuses them."""

import smtplib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from lyceum.core.errors import DomainError, Unavailable


class MailUnavailable(Unavailable):
    code, title = "mail_unavailable", "The mail server does not answer."


class MailRefused(DomainError):
    code, title = "mail_refused", "The mail server does not take this mail."


class MailFolder(BaseEmailBackend):
    """Writes each mail as a file that mail programs open, where there is no mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:8]}.eml"
            (folder / name).write_bytes(message.message().as_bytes())
        return len(email_messages)


def address_of_sender() -> str:
    """Return the bare address that mails come from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def send(to: str, subject: str, text: str, *, html: str = "", headers: Mapping[str, str] | None = None) -> None:
    """Send one mail, with its text as HTML beside where given.

    Raises MailUnavailable for what may pass, MailRefused for what will not.
    """
    # A line break in a header would begin another header.
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[to], headers=dict(headers or {}))
    if html:
        message.attach_alternative(html, "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as err:
        raise _refusal(min(code for code, _ in err.recipients.values())) from err
    except smtplib.SMTPResponseException as err:
        raise _refusal(err.smtp_code) from err
    except (smtplib.SMTPException, OSError) as err:
        raise MailUnavailable from err


def _refusal(code: int) -> DomainError:
    """Read a server's answer: 4xx asks to come again; wrong credentials are the operator's to mend, and may be soon."""
    is_final = 500 <= code < 600 and code not in (530, 534, 535)
    return MailRefused(f"The mail server answered {code}.") if is_final else MailUnavailable()
