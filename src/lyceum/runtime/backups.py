"""Backups: a custom-format dump and the media folder in one archive, with a manifest that is checked."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from lyceum.runtime.postgres import binaries

FORMAT = 1


class BackupError(SystemExit):
    """A sentence for people about why a backup cannot be made or used."""


def _run(program: str, *arguments: str) -> None:
    command = [str(binaries() / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-500:]}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(environment: dict[str, str], file: str) -> None:
    """Write a backup; an unfinished one never stands under its final name."""
    target = Path(file)
    with tempfile.TemporaryDirectory(prefix="lyceum-backup-") as folder:
        dump = Path(folder) / "database.dump"
        _run("pg_dump", "--format=custom", f"--file={dump}", environment["DATABASE_URL"])
        manifest = Path(folder) / "manifest.json"
        manifest.write_text(json.dumps({"format": FORMAT, "database_sha256": _digest(dump)}))
        part = target.with_name(f"{target.name}.part")
        with tarfile.open(part, "w") as archive:
            archive.add(manifest, "manifest.json")
            archive.add(dump, "database.dump")
            media = Path(environment["LYCEUM_HOME"]) / "media"
            if media.is_dir():
                archive.add(media, "media")
        part.chmod(0o600)
        part.rename(target)


def put_back(environment: dict[str, str], file: str) -> None:
    """Restore a backup in one transaction: it is all there afterwards, or nothing has changed."""
    with tempfile.TemporaryDirectory(prefix="lyceum-restore-") as folder:
        try:
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
            manifest = json.loads((Path(folder) / "manifest.json").read_text())
        except (OSError, tarfile.TarError, ValueError) as err:
            raise BackupError(f"{file} is no backup of Lyceum: {err}") from err
        dump = Path(folder) / "database.dump"
        if manifest.get("format") != FORMAT or manifest.get("database_sha256") != _digest(dump):
            raise BackupError(f"{file} is damaged or of another version. Nothing was changed.")
        _run(
            "pg_restore",
            "--single-transaction",
            "--clean",
            "--if-exists",
            "--no-owner",
            f"--dbname={environment['DATABASE_URL']}",
            str(dump),
        )
        media = Path(folder) / "media"
        if media.is_dir():
            kept = Path(environment["LYCEUM_HOME"]) / "media"
            kept.mkdir(parents=True, exist_ok=True)
            for path in media.rglob("*"):
                if path.is_file():
                    new = kept / path.relative_to(media)
                    new.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(new)
