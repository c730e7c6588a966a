"""The home folder: where the embedded servers, secrets, logs and media of one workspace live."""

import hashlib
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A unix socket's path has at most 107 bytes on Linux, the file name included.
MAX_SOCKET_FOLDER = 80


class CannotRun(Exception):  # it is what the sentence says
    """A sentence for people about why something cannot be done, and what would help."""


@dataclass(frozen=True)
class Home:
    """Paths under one folder; `LYCEUM_HOME` names it, else `var` in the current folder."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("LYCEUM_HOME") or "var").absolute())

    def folder(self, name: str) -> Path:
        path = self.root / name
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise CannotRun(
                f"The folder {path} cannot be made: {err.strerror}. Set LYCEUM_HOME to a folder of your own."
            ) from err
        return path

    def socket_folder(self, name: str) -> Path:
        """Return the place of a server's socket: under the home, or in the temporary folder when that is too long."""
        folder = self.root / "run" / name
        if len(os.fsencode(folder)) <= MAX_SOCKET_FOLDER:
            return folder
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"lyceum-{digest}-{name}"

    def secret(self, name: str) -> str:
        """Return a secret, made on first use and readable by its owner alone."""
        path = self.folder("secrets") / name
        try:
            if not path.exists() or not path.stat().st_size:
                self._make_secret(path)
            return path.read_text().strip()
        except PermissionError as err:
            raise CannotRun(
                f"{path} belongs to another account. Start as the account that made {self.root}, or set LYCEUM_HOME."
            ) from err

    @staticmethod
    def _make_secret(path: Path) -> None:
        # Under another name first: a start that is killed half-way leaves no empty secret.
        part = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        part.replace(path)


def make_private(folder: Path, owner: int | None = None) -> None:
    """Make a folder that only its owner enters; refuse one that somebody else put there."""
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner if owner is not None else -1}:
        raise CannotRun(f"{folder} belongs to another account. Take it away, or set LYCEUM_HOME to another folder.")
    folder.chmod(0o700)
    if owner is not None:
        os.chown(folder, owner, owner)
