"""Static files under names that hold their hash: collected when the server starts, cached by browsers for ever."""

import base64
import fcntl
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import HashedFilesMixin, staticfiles_storage
from django.core.management import call_command
from servestatic.base import ServeStaticBase
from servestatic.responders import Redirect, StaticFile
from servestatic.storage import CompressedManifestStaticFilesStorage, MissingFileError

# What nobody asks for: maps of other people's minified code, and the browsable API, which is off.
IGNORED = ["*.map", "rest_framework"]
OWN_FOLDERS = {"lyceum"}


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names files after their content and puts the new names into style sheets.

    Modules are not rewritten: the import map of each page leads their imports to the new names, so a changed
    module leaves the names of those that import it alone, and a circle of imports does no harm.
    """

    # Addresses and imports in style sheets; not the maps of other people's minified ones, which are left out.
    patterns = (("*.css", HashedFilesMixin.patterns[0][1][:2]),)

    def stored_name(self, name: str) -> str:
        # Nothing is collected where a test or a command renders a page without a server.
        return super().stored_name(name) if self.hashed_files else name


def _fingerprint() -> str:
    """Tell the sources apart by name, size and time of change."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for finder in finders.get_finders():
        for path, storage in finder.list(IGNORED):
            source = Path(storage.path(path)).stat()
            found.update(f"{path}\0{source.st_size}\0{source.st_mtime_ns}\n".encode())
    return found.hexdigest()


def collect() -> bool:
    """Bring the folder of static files up to date and say whether there was anything to do.

    Processes that start together wait for the first one. Old names stay, for pages that are open in a browser.
    """
    root, state = Path(settings.STATIC_ROOT), _fingerprint()
    stamp = root / ".collected"
    if stamp.exists() and stamp.read_text() == state:
        return False
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == state:
            return False
        try:
            call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=IGNORED)
        except MissingFileError as err:
            raise SystemExit(f"{str(err).splitlines()[0]} Fetch it with: python scripts/frontend.py") from err
        stamp.write_text(state)
    return True


def is_own_folder(name: str) -> bool:
    """Say whether a folder of static files is one of our apps."""
    own = {app.removeprefix("lyceum.").split(".")[0] for app in settings.INSTALLED_APPS if app.startswith("lyceum.")}
    return name in OWN_FOLDERS | own


def _is_own_module(name: str) -> bool:
    return name.endswith(".js") and is_own_folder(name.split("/")[0]) and not name.startswith("lyceum/vendor/")


@cache
def import_map() -> str:
    """Return the map from the plain address of each module of ours to the one with its hash, as JSON."""
    known: dict[str, str] = {} if settings.DEBUG else getattr(staticfiles_storage, "hashed_files", {})
    addresses = {
        f"{settings.STATIC_URL}{name}": staticfiles_storage.url(name) for name in sorted(known) if _is_own_module(name)
    }
    return json.dumps({"imports": addresses}, separators=(",", ":"))


@cache
def import_map_source() -> str:
    """Return the source expression by which a content security policy admits the import map, and no other script."""
    digest = hashlib.sha256(import_map().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class Shelf(ServeStaticBase):  # type: ignore[misc]
    """The collected files by their address; with DEBUG the sources themselves, as they are at that moment."""

    def __init__(self) -> None:
        root = None if settings.DEBUG else settings.STATIC_ROOT
        super().__init__(None, root, settings.STATIC_URL, allow_all_origins=False)

    def initialize(self) -> None:
        """Stand alone: there is no application behind it."""

    def find(self, address: str) -> StaticFile | Redirect | None:
        if not settings.DEBUG:
            return self.files.get(address)
        source = finders.find(address.removeprefix(settings.STATIC_URL))
        return self.get_static_file(source, address) if source else None


@cache
def shelf() -> Shelf:
    return Shelf()


def answer(address: str, method: str, headers: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """Return status, headers and body for a static file, or None when there is no such file."""
    file = shelf().find(address)
    if file is None:
        return None
    found = file.get_response(method, headers)
    if found.file is None:
        body = b""
    else:
        with found.file as source:
            body = source.read()
    return int(found.status), [(name, value) for name, value in found.headers if value is not None], body
