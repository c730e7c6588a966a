"""Remove each permission check of a copy in turn, and say which removals the tests notice.

`scripts/mutants.py [--list] [--only TEXT]`, inside `lyceum with-servers`. The points are found by rules in the source:

- `permission_classes` of a door, and the ones that doors have without a word;
- a call of a `check_…` that stands alone;
- a filter by whose something is (`user`, `…__user`, `…__role`, `user_id`) in `filter`, `get` and the like;
- an `if` that only raises a refusal;
- a decorator of a page that lets in staff, who is signed in, or who has confirmed it: the next weaker one instead;
- in SQL, what is not ended, revoked or over, whose it is, and from which message on somebody sees;
- what the hub does when somebody parts, leaves or is closed.

For each mutant run the access matrix, the tests of the app that it is in, and what reaches it over the wire, until the
first failure. What was found is kept in `var/mutants.json`, and not tried again while the file that it is in, and the
tests, stay as they are.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
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
# The guards of pages, and what is left without them.
GUARDS = {"staff_only": "pages.signed_in", "confirmed": "pages.signed_in", "signed_in": "(lambda view: view)"}
STATEMENT = re.compile(r"\b(select|from|join|where)\s")
# Each part of a statement that keeps something from somebody, and what holds for all.
FRAGMENTS = {
    r"(\w+\.)?(ended_at|revoked_at|scopes) is null": "true",
    r"(\w+\.)?(is_active|is_staff|show_presence)\b(?! is)": "true",
    r"(\w+\.)?(expires_at|expire_date) > now\(\)": "true",
    r"(\w+\.)?(user_id|sender_id|uploader_id) = \w+\.\w+": "true",
    # The value is given all the same.
    r"(\w+\.)?(user_id|sender_id|uploader_id) = %s": "%s is not null",
    r"(?<=[>(=] )\w+\.visible_after|(?<=greatest\()\w+\.visible_after|\w+\.visible_after(?= <)": "0",
}
HOT = ["tests/flows/test_hot_reads.py"]
SOCKETS = ["tests/flows/test_membership_on_sockets.py", "tests/flows/test_handshakes.py"]
# What reaches a file over the wire alone; it is run first.
REACHED = {
    "core/hot_reads.py": HOT,
    "messaging/hot_reads.py": HOT,
    "accounts/callers.py": [*HOT, "tests/flows/test_limits.py"],
    "accounts/sign_ins.py": ["tests/flows/test_ended_sign_ins.py", *SOCKETS, "tests/flows/test_limits.py"],
    "messaging/standing.py": SOCKETS,
    "messaging/sending.py": [*SOCKETS, "tests/flows/test_talk_over_sockets.py"],
    "realtime": SOCKETS,
}
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
        self.path, self.text, self.found = path, path.read_text(), list[Point]()
        self.starts = [0]
        for line in self.text.encode().splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        tree = ast.parse(self.text)
        # A string that stands alone says something to people.
        self.docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        self.visit(tree)

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
        elif isinstance(node.value, str):
            self._look_into(node)

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

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            name = ast.unparse(decorator).rpartition(".")[2]
            if name in GUARDS:
                self._add(decorator, f"@{name} of {node.name}", GUARDS[name])
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._look_into(node)

    def _look_into(self, node: ast.expr) -> None:
        """Find the parts of a statement of SQL; the places are those in the source, which has no escapes there."""
        source = ast.get_source_segment(self.text, node) or ""
        if not STATEMENT.search(source) or id(node) in self.docstrings:
            return
        for pattern, instead in FRAGMENTS.items():
            for found in re.finditer(pattern, source):
                before = source[: found.start()]
                start = self.starts[node.lineno - 1] + node.col_offset + len(before.encode())
                line, end = node.lineno + before.count("\n"), start + len(found[0].encode())
                self.found.append(Point(self.path, line, f"sql {found[0]}", start, end, instead))

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
    """Return the tests that are to notice it, those first that are likely to."""
    place = point.path.relative_to(SOURCE)
    app = place.parts[0]
    own = f"src/lyceum/{app}/tests"
    reached = REACHED.get(place.as_posix(), REACHED.get(app, []))
    pages = ["tests/access/test_pages.py"] if point.what.startswith("@") else []
    return [*pages, *reached, "tests/access", *([own] if (ROOT / own).is_dir() else [])]


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
    """Say what a finding rests on: the file, and all that stands in the tests that are run for it."""
    return hashlib.sha256(b"".join(map(_content, (str(point.path), *tests_for(point))))).hexdigest()[:16]


@cache
def _content(place: str) -> bytes:
    """Return what is in a file, or in all files of a folder."""
    found = ROOT / place
    parts = sorted(part for part in found.rglob("*") if part.suffix != ".pyc") if found.is_dir() else [found]
    return b"".join(part.read_bytes() for part in parts if part.is_file())


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
