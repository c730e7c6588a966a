"""Marks in a text what a query found, and picks the part that shows most of it; the result is safe HTML."""

from collections.abc import Callable
from html import escape

from lyceum.search.words import WRITTEN

# About three lines beside a result.
LONGEST = 220
LEAD = 30
Span = tuple[int, int]


def highlight(text: str, is_found: Callable[[str], bool], *, longest: int = LONGEST) -> str:
    """Return the text, or its best part, with what was found in `<mark>`; empty where nothing was.

    `is_found` is asked about words as they are written, each time one stands there. Words that stand side by side are
    marked as one.
    """
    spans = _found(text, is_found)
    if not spans:
        return ""
    start, end = (0, len(text)) if len(text) <= longest else _best(text, spans, longest)
    parts, at = ["… " if start else ""], start
    for low, high in _joined(text, [span for span in spans if start <= span[0] and span[1] <= end]):
        parts += [escape(text[at:low]), "<mark>", escape(text[low:high]), "</mark>"]
        at = high
    parts += [escape(text[at:end]), " …" if end < len(text) else ""]
    return "".join(parts)


def _found(text: str, is_found: Callable[[str], bool]) -> list[Span]:
    return [match.span() for match in WRITTEN.finditer(text) if is_found(match[0])]


def _best(text: str, spans: list[Span], longest: int) -> Span:
    """Return the part with most marks, from a little before the first of them to the end of a word."""
    best, last = (0, 0), 0
    for first, (low, _) in enumerate(spans):
        last = max(last, first)
        while last + 1 < len(spans) and spans[last + 1][1] <= low + longest - LEAD:
            last += 1
        if last - first + 1 > best[1]:
            best = (first, last - first + 1)
    start = max(0, min(spans[best[0]][0] - LEAD, len(text) - longest))
    end = max(min(len(text), start + longest), spans[best[0]][1])
    if start and (space := text.find(" ", start, spans[best[0]][0])) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", spans[best[0]][1], end)) >= 0:
        end = space
    return start, end


def _joined(text: str, spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for low, high in spans:
        if found and text[found[-1][1] : low] == " ":
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found
