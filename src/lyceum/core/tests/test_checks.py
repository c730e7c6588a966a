from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks


def told(*, databases: list[str] | None = None) -> list[tuple[str | None, str]]:
    return [(one.id, one.hint or "") for one in run_checks(databases=databases) if str(one.id).startswith("core.")]


def test_a_well_set_server_is_told_nothing(db: None) -> None:
    assert told(databases=["default"]) == []


def test_a_public_address_that_is_not_served_is_told(settings: Any) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://lyceum.example", ["localhost"]
    assert told() == [("core.W001", "Add lyceum.example to ALLOWED_HOSTS, or mend PUBLIC_URL.")]
    settings.ALLOWED_HOSTS = [".example"]
    assert told() == []


def test_required_confirmation_without_a_mail_server_is_told(settings: Any) -> None:
    settings.EMAIL_VERIFICATION = "required"
    settings.EMAIL_BACKEND = "lyceum.core.mail.MailFolder"
    assert told() == [("core.W002", "Set EMAIL_URL=smtp+tls://user:password@host:587.")]


def test_a_folder_that_is_no_folder_is_told(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.LOG_DIR = str(tmp_path / "file" / "logs")
    assert [one for one, _ in told()] == ["core.E001"]


def test_an_old_database_is_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from lyceum.core import checks

    monkeypatch.setattr(checks, "MIN_POSTGRES", 990000)
    assert told(databases=["default"]) == [("core.E002", "Upgrade the server behind DATABASE_URL to 99 or newer.")]
