"""The home folder: where the embedded servers, secrets, logs and media of one workspace live."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """Paths under one folder; `LYCEUM_HOME` names it, else `var` in the current folder."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("LYCEUM_HOME") or "var").absolute())

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def secret(self, name: str) -> str:
        """Return a secret, made on first use and readable by its owner alone."""
        path = self.folder("secrets") / name
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()
