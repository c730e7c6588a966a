"""Covers for books that have none: drawn from title and author, always the same for the same book; pure."""

import textwrap
import unicodedata
from hashlib import blake2b
from html import escape

WIDTH, HEIGHT = 400, 600
MARGIN = 36
# Paper and ink, each pair with a contrast of 7 or more.
COLOURS = (
    ("#12355b", "#f7f1e3"),
    ("#5b2333", "#f7f4f3"),
    ("#22473b", "#f4f1de"),
    ("#3d2c54", "#f3eefb"),
    ("#4a3419", "#fbf3e4"),
    ("#1d3d47", "#eef6f7"),
    ("#f2e2c4", "#3a2410"),
    ("#dfe8e4", "#17332a"),
    ("#e8dff0", "#2d1b42"),
    ("#f3d9cf", "#4a1b12"),
)
# Letters of a size, how many stand beside each other within the margins, and how many lines there is room for.
SIZES = ((52, 11, 4), (42, 14, 5), (34, 17, 6), (27, 22, 7))


def cover(title: str, author: str) -> str:
    """Return an SVG that names the book in its text and to those who hear it."""
    seed = blake2b(f"{title}\n{author}".encode(), digest_size=8).digest()
    paper, ink = COLOURS[seed[0] % len(COLOURS)]
    size, lines = _set(title)
    top = 250 + size
    text = "".join(
        f'<text x="{MARGIN}" y="{top + place * round(size * 1.2)}" font-size="{size}">{_clean(line)}</text>'
        for place, line in enumerate(lines)
    )
    written_by = _author_lines(author)
    bottom = HEIGHT - 44 - 28 * (len(written_by) - 1)
    names = "".join(
        f'<text x="{MARGIN}" y="{bottom + 28 * place}" font-size="22" opacity=".9">{_clean(line)}</text>'
        for place, line in enumerate(written_by)
    )
    label = _clean(f"{title}, {author}" if author else title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{label}"><title>{label}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{paper}"/>'
        f'<g fill="none" stroke="{ink}" stroke-width="2" opacity=".55">{_ornament(seed)}</g>'
        f'<g fill="{ink}" font-family="Literata, Georgia, \'Times New Roman\', serif">{text}{names}</g></svg>'
    )


def _set(title: str) -> tuple[int, list[str]]:
    """Choose the largest letters in which the title fits, and break it into lines; what is too long is cut."""
    for size, width, most in SIZES:
        lines = textwrap.wrap(title, width, break_long_words=False)
        if len(lines) <= most and all(len(line) <= width for line in lines):
            return size, lines
    size, width, most = SIZES[-1]
    return size, textwrap.wrap(title, width, max_lines=most, placeholder=" …")


def _author_lines(author: str) -> list[str]:
    return textwrap.wrap(author, 30, max_lines=2, placeholder=" …")


def _ornament(seed: bytes) -> str:
    """Draw layers above the title, as of rock or of pages: one of three kinds, with its heights from the seed."""
    kind, heights = seed[1] % 3, [byte / 255 for byte in seed[2:8]]
    if kind == 0:
        return "".join(
            f'<path d="M0 {60 + 26 * place} Q 100 {60 + 26 * place - 50 * one:.0f} 200 {60 + 26 * place} '
            f'T 400 {60 + 26 * place}"/>'
            for place, one in enumerate(heights)
        )
    if kind == 1:
        return "".join(
            f'<circle cx="300" cy="110" r="{14 + 15 * place + 8 * one:.0f}"/>' for place, one in enumerate(heights)
        )
    return "".join(
        f'<rect x="{36 + 56 * place}" y="{200 - 150 * one:.0f}" width="40" height="{24 + 150 * one:.0f}"/>'
        for place, one in enumerate(heights)
    )


def _clean(text: str) -> str:
    """Return text that stands in XML: what it does not allow, and what turns reading round, is left out."""
    return escape("".join(character for character in text if unicodedata.category(character)[0] != "C"))
