"""The files that demo people send: drawn here, so that nothing has to be fetched."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, GROUND = 1200, 640, 200
# From the core of the dome outwards, as the mapping week meets them.
UNITS = [
    ("Lunnon Basalt", "#5b6b5d"),
    ("Kambalda Komatiite", "#7a5c86"),
    ("Devon Consols Basalt", "#7d8f6a"),
    ("Kapai Slate", "#3f3d3a"),
    ("Paringa Basalt", "#9aa77f"),
]


def section() -> bytes:
    """Draw a section across the dome: each unit lies on the one before."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "#f4efe4")
    pen = ImageDraw.Draw(picture)
    middle, step = WIDTH // 2, 95
    for place, (_, colour) in reversed(list(enumerate(UNITS))):
        half = 150 + place * step
        pen.ellipse(
            (middle - half, GROUND - 60 - place * 40, middle + half, HEIGHT + 500), fill=colour, outline="#2b2925"
        )
    pen.rectangle((0, 0, WIDTH, GROUND), fill="#f4efe4")
    pen.line((0, GROUND, WIDTH, GROUND), fill="#2b2925", width=3)
    font = ImageFont.load_default(18)
    for place, (name, colour) in enumerate(UNITS):
        top = 24 + place * 30
        pen.rectangle((28, top, 58, top + 20), fill=colour, outline="#2b2925")
        pen.text((70, top), name, fill="#2b2925", font=font)
    pen.text((40, GROUND + 8), "W", fill="#f4efe4", font=font)
    pen.text((WIDTH - 56, GROUND + 8), "E", fill="#f4efe4", font=font)
    output = BytesIO()
    picture.save(output, "PNG", optimize=True)
    return output.getvalue()


FILES: dict[str, Callable[[], bytes]] = {"section.png": section}
