"""System checks: what is missing or does not fit, and how to set it; told at every start and by `django check`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

MIN_POSTGRES = 150000
Apps = Sequence[Any] | None


@register(Tags.urls)
def public_address(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The address in mails has to lead to us."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        return []
    hint = f"Add {host} to ALLOWED_HOSTS, or mend PUBLIC_URL."
    return [Warning("ALLOWED_HOSTS does not name the host of PUBLIC_URL.", hint=hint, id="core.W001")]


@register(Tags.security)
def mail_server(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Who has to confirm an address has to get the link."""
    is_sent = settings.EMAIL_BACKEND != "lyceum.core.mail.MailFolder"
    if is_sent or settings.EMAIL_VERIFICATION != "required":
        return []
    hint = "Set EMAIL_URL=smtp+tls://user:password@host:587."
    return [Warning("EMAIL_VERIFICATION is required, but no mail is sent.", hint=hint, id="core.W002")]


@register(Tags.files)
def folders(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Logs and media have to be written."""
    found: list[CheckMessage] = []
    for name, folder in (("LOG_DIR", settings.LOG_DIR), ("LYCEUM_HOME or STORAGE_URL", str(settings.MEDIA_ROOT))):
        path = Path(folder or ".").absolute()
        nearest = next(one for one in (path, *path.parents) if one.exists())
        if folder and not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
            hint = f"Give {nearest} to the account that runs Lyceum, or set {name} to another folder."
            found.append(Error(f"{folder} cannot be written.", hint=hint, id="core.E001"))
    return found


@register(Tags.database)
def database_version(app_configs: Apps, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The database has to be recent enough; asked only where databases are checked."""
    from django.db import connections

    versions = [int(connections[alias].pg_version) for alias in databases or ()]  # type: ignore[attr-defined]
    hint = f"Upgrade the server behind DATABASE_URL to {MIN_POSTGRES // 10000} or newer."
    return [
        Error(f"PostgreSQL {version // 10000} is too old.", hint=hint, id="core.E002")
        for version in versions
        if version < MIN_POSTGRES
    ]
