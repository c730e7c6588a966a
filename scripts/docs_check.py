"""Say what the Markdown files get wrong: links, fences, and names of files, commands and settings that do not exist."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog").glob("README.md")]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {"console", "sh", "python", "js", "json", "text", "nginx", "ini"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FOLDERS = ("src/", "docs/", "tests/", "bench/", "scripts/", "changelog/", "requirements/", "frontend/")
MAKE, LYCEUM = re.compile(r"\bmake ([a-z]+)"), re.compile(r"\blyceum ([a-z][a-z-]+)")
SETTING = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
COMMANDS = set(re.findall(r'act\(\s*[\w.]+,\s*"([a-z-]+)"', (ROOT / "src/lyceum/runtime/cli.py").read_text()))
GIVEN = re.compile(r"\b([A-Z][A-Z0-9_]{3,})=")
EXAMPLE = (ROOT / ".env.example").read_text()
VARIABLES = {
    *re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE),
    *re.findall(r"^([A-Z_]+) :=", MAKEFILE, re.MULTILINE),
}
SOURCE = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))


def anchors(text: str) -> set[str]:
    """Return the fragments that a host makes of the headings."""
    heads = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for link in LINK.findall(FENCED.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"no file behind the link {link}"
        elif fragment and fragment not in anchors(target.read_text(encoding="utf-8")):
            yield f"no heading behind the link {link}"


def orphans(pages: list[Path]) -> Iterator[str]:
    """Name pages of `docs/` that no other page leads to."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    for page in pages:
        if page.is_relative_to(ROOT / "docs") and page not in linked:
            yield f"no page leads to {page.relative_to(ROOT)}"


def untagged(text: str) -> Iterator[str]:
    for language, source in FENCED.findall(text):
        if language not in LANGUAGES:
            yield f"a fence is tagged {language or 'with nothing'}: {source.splitlines()[0]}"


def unknown_names(text: str) -> Iterator[str]:
    typed = "\n".join(source for language, source in FENCED.findall(text) if language == "console")
    spans = CODE.findall(FENCED.sub("", text))
    said = "\n".join([typed, *spans])
    yield from (f"no target make {name}" for name in MAKE.findall(said) if name not in TARGETS)
    yield from (f"no command lyceum {name}" for name in LYCEUM.findall(said) if name not in COMMANDS)
    yield from (f"no variable {name}" for name in GIVEN.findall(said) if name.removesuffix("_FILE") not in VARIABLES)
    for span in spans:
        path = re.split("#|…|::", span)[0].strip()
        if path.startswith(FOLDERS) and " " not in path and "{" not in path and not (ROOT / path).exists():
            yield f"no file {path}"
        for name in SETTING.findall(span):
            if not re.search(rf"\b{name}\b", SOURCE):
                yield f"no setting {name}"


def main() -> int:
    faults = 0
    for fault in orphans(PAGES):
        faults += 1
        print(fault, file=sys.stderr)
    for page in sorted(PAGES):
        text = page.read_text(encoding="utf-8")
        for fault in (*broken_links(page, text), *untagged(text), *unknown_names(text)):
            faults += 1
            print(f"{page.relative_to(ROOT)}: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
