import errno
import getpass
import os
from pathlib import Path

import pytest

from lyceum.core.errors import Conflict, FieldError, Invalid
from lyceum.runtime import commands, served
from lyceum.runtime.cli import _sentence
from lyceum.runtime.home import CannotRun, Home, make_private
from lyceum.runtime.served import Served
from lyceum.runtime.stack import Servers


def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["one", "one", "one", "other"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    assert commands._new_password(is_piped=False) == "one"
    with pytest.raises(CannotRun, match="differ"):
        commands._new_password(is_piped=False)


def test_variables_come_from_a_file_where_none_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text('LOG_LEVEL=ERROR\nMAIL_FROM="A House <a@example.org>"\n# DEBUG=true\n')
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setenv("MAIL_FROM", "")
    monkeypatch.delenv("MAIL_FROM")
    commands.load_environment_file(tmp_path / ".env")
    assert (os.environ["LOG_LEVEL"], os.environ["MAIL_FROM"]) == ("INFO", "A House <a@example.org>")
    assert "DEBUG" not in os.environ


@pytest.mark.parametrize(
    ("err", "said"),
    [
        (Conflict("It is there."), "It is there."),
        (Invalid(errors=[FieldError("email", "taken", "Somebody has it.")]), "email: Somebody has it."),
        (PermissionError(errno.EACCES, "no", "/home/x"), "/home/x is another account's."),
        (OSError(errno.ENOSPC, "no"), "The disk is full."),
        (CannotRun("As it is."), "As it is."),
    ],
)
def test_what_stops_a_command_is_a_sentence(err: Exception, said: str) -> None:
    assert (_sentence(err) or "").startswith(said)


def test_what_nobody_foresaw_is_a_trace() -> None:
    assert _sentence(KeyError("x")) is None


def test_a_folder_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(CannotRun, match="belongs to another account"):
        make_private(tmp_path / "link")


def test_links_of_commands_lead_to_where_the_workspace_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    assert "PUBLIC_URL" not in Servers(home).environment()
    served.note(home, Served("127.0.0.1", 8030, "http://127.0.0.1:8030"))
    assert Servers(home).environment()["PUBLIC_URL"] == "http://127.0.0.1:8030"
    monkeypatch.setenv("PUBLIC_URL", "https://lyceum.example")
    assert Servers(home).environment()["PUBLIC_URL"] == "https://lyceum.example"


def test_a_start_that_was_killed_leaves_no_empty_secret(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.folder("secrets") / "secret_key").touch(0o600)
    assert len(home.secret("secret_key")) >= 50
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["secret_key"]
