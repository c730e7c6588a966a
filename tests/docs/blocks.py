"""Reads the fenced blocks of a Markdown file: programs by language, and what they say that they print."""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Program(NamedTuple):
    """All blocks of one language, as one program, and the outputs that the page promises, in order."""

    source: str
    outputs: list[str]


def program(page: Path, language: str) -> Program:
    sources, outputs, is_ours = [], [], False
    for found, text in FENCE.findall(page.read_text(encoding="utf-8")):
        if found == "text" and is_ours:
            outputs.append(text)
        is_ours = found == language
        if is_ours:
            sources.append(text)
    return Program("\n".join(sources), outputs)


def promised(outputs: list[str]) -> re.Pattern[str]:
    """Match output that has all promised parts in order; `…` on the page stands for anything."""
    parts = [".*".join(re.escape(piece) for piece in output.strip().split("…")) for output in outputs]
    return re.compile(".*".join(parts), re.DOTALL)
