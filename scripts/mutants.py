"""Remove each permission check of a copy in turn, and say which removals the tests notice.

`scripts/mutants.py [--list] [--only TEXT]`, inside `lyceum with-servers`. The points are found by rules in the source:

- `permission_classes` of a door, and the ones that doors have without a word;
- a call of a `check_…` that stands alone;
- a filter by whose something is (`user`, `…__user`, `…__role`, `user_id`) in `filter`, `get` and the like;
- an `if` that only raises a refusal;
- what the hub does when somebody parts, leaves or is closed.

For each mutant run the access matrix and the tests of the app that it is in, until the first failure. What was found is
kept in `var/mutants.json`, and not tried again while the file that it is in, and the tests, stay as they are.
"""

import argparse
import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/lyceum"
KEPT = ROOT / "var/mutants.json"
SKIPPED = {"tests", "testing", "migrations", "runtime", "demo"}
REFUSALS = {"NotAllowed", "NotFound", "NotAuthenticated", "OwnersOnly", "CsrfFailed", "Refused", "ScopeMissing"}
REFUSALS |= {"TokenInvalid", "TokenRevoked", "Locked", "ConfirmationRequired", "PreconditionFailed"}
QUERIES = {"filter", "get", "exclude", "get_or_create", "update_or_create"}
WHOSE = ("user", "user_id", "sender", "owner")
SIGNED_IN, EVERYBODY = "rest_framework.permissions.IsAuthenticated", "rest_framework.permissions.AllowAny"
# A mutant that hangs is one that is noticed; a slow machine is not.
MOST_SECONDS = 600


@dataclass(frozen=True)
class Point:
    path: Path
    line: int
    what: str
    start: int
    end: int
    instead: str

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.line} {self.what}"

    def mutated(self) -> str:
        text = self.path.read_bytes()
        return (text[: self.start] + self.instead.encode() + text[self.end :]).decode()


class Finder(ast.NodeVisitor):
    def __init__(self, path: Path) -> None:
        self.path, self.found = path, list[Point]()
        text = path.read_text()
        self.starts = [0]
        for line in text.encode().splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.visit(ast.parse(text))

    def _add(self, node: ast.AST, what: str, instead: str, until: ast.AST | None = None) -> None:
        last = until or node
        start = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self.starts[last.end_lineno - 1] + last.end_col_offset  # type: ignore[attr-defined]
        self.found.append(Point(self.path, node.lineno, what, start, end, instead))  # type: ignore[attr-defined]

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if names == ["permission_classes"] and "AllowAny" not in ast.unparse(node.value):
            self._add(node.value, "permission_classes", "()")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.value == SIGNED_IN:
            self._add(node, "default permission", repr(EVERYBODY))

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Call):
            name = ast.unparse(call.func).rpartition(".")[2].lstrip("_")
            if name.startswith("check_"):
                self._add(node, f"{name}()", "pass")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in QUERIES:
            for keyword in node.keywords:
                name = keyword.arg or ""
                if name in WHOSE or name.endswith(("__user", "__role")):
                    self._drop(node, keyword)
        self.generic_visit(node)

    def _drop(self, call: ast.Call, keyword: ast.keyword) -> None:
        rest = [ast.unparse(part) for part in call.args]
        rest += [
            f"{other.arg}={ast.unparse(other.value)}" if other.arg else f"**{ast.unparse(other.value)}"
            for other in call.keywords
            if other is not keyword
        ]
        name = ast.unparse(call.func)
        self._add(call, f"{name}({keyword.arg}=…)"[-60:], f"{name}({', '.join(rest)})")

    def visit_If(self, node: ast.If) -> None:
        only = node.body[0] if len(node.body) == 1 else None
        if isinstance(only, ast.Raise) and only.exc is not None:
            names = {part.id for part in ast.walk(only.exc) if isinstance(part, ast.Name)}
            if names & REFUSALS:
                self._add(node.test, f"if … raise {ast.unparse(only.exc)}"[:60], "False")
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        pattern = ast.unparse(node.pattern)
        if self.path.name == "hub.py" and pattern in ("'part'", "'leave'", "'close'"):
            self._add(node.body[0], f"hub {pattern}", "pass", node.body[-1])
        self.generic_visit(node)


def points() -> Iterator[Point]:
    for path in sorted(SOURCE.rglob("*.py")):
        if not SKIPPED & set(path.relative_to(SOURCE).parts):
            yield from Finder(path).found


def tests_for(point: Point) -> list[str]:
    app = point.path.relative_to(SOURCE).parts[0]
    own = f"src/lyceum/{app}/tests"
    flows = ["tests/flows/test_membership_on_sockets.py", "tests/flows/test_handshakes.py"]
    return ["tests/access", *([own] if (ROOT / own).is_dir() else []), *(flows if app == "realtime" else [])]


def notices(point: Point, copy: Path) -> bool:
    """Say whether the tests fail in a copy that lacks the check."""
    target = copy / point.path.relative_to(ROOT)
    whole = target.read_text()
    target.write_text(point.mutated())
    # The database of the tests is made once: no mutant touches a migration.
    options = ["-q", "-x", "-p", "no:cacheprovider", "--reuse-db"]
    command = [sys.executable, "-m", "pytest", *options, *tests_for(point)]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=MOST_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(whole)
    if ran.returncode not in (0, 1):
        # No test ran to its end: the mutant does not even load, which everybody would see.
        print(ran.stdout.decode()[-500:], file=sys.stderr)
    return ran.returncode != 0


def mark(point: Point) -> str:
    """Say what a finding rests on: the file, the tests and the lines of access."""
    parts = [point.path, *sorted((ROOT / "tests/access").iterdir())]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts if part.is_file())).hexdigest()[:16]


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--list", action="store_true", help="name the points and try none")
    asked.add_argument("--only", default="", help="try those whose name holds this text")
    options = asked.parse_args()
    chosen = [point for point in points() if options.only in point.name]
    if options.list:
        print("\n".join(point.name for point in chosen))
        return 0
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    survivors = []
    with tempfile.TemporaryDirectory(prefix="lyceum-mutants-") as folder:
        copy = Path(folder)
        for name in ("src", "tests", "bench", "scripts", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        for name in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / name, copy / name)
        for point in chosen:
            key = f"{point.name} {mark(point)}"
            if key not in kept:
                kept[key] = notices(point, copy)
                KEPT.parent.mkdir(exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=1))
            survivors += [] if kept[key] else [point.name]
            print(f"{'caught' if kept[key] else 'SURVIVED'}  {point.name}", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
