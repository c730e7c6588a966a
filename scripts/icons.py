"""Draw the icons of the installed app after mark.svg: `python scripts/icons.py`."""

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "src/lyceum/core/static/lyceum/icons"
INK, PAPER = "#0c684b", "#faf9f6"
FINE = 4
# The triangle and its layers, in the 24 units of the mark.
TRIANGLE = [(12, 2.5), (22, 21.5), (2, 21.5), (12, 2.5), (22, 21.5)]
LAYERS = [((8.3, 14.5), (15.7, 14.5)), ((10.4, 10.4), (13.6, 10.4)), ((5.9, 18.2), (18.1, 18.2))]


def draw(size: int, share: float) -> Image.Image:
    """Draw the mark over `share` of a square of paper."""
    whole = size * FINE
    unit = whole * share / 24
    start = whole * (1 - share) / 2
    image = Image.new("RGB", (whole, whole), PAPER)
    pen = ImageDraw.Draw(image)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return start + point[0] * unit, start + point[1] * unit

    pen.line([at(point) for point in TRIANGLE], fill=INK, width=round(2 * unit), joint="curve")
    for one, other in LAYERS:
        pen.line([at(one), at(other)], fill=INK, width=round(1.4 * unit))
    return image.resize((size, size), Image.Resampling.LANCZOS).quantize(64)


if __name__ == "__main__":
    for name, size, share in (("app-192", 192, 0.75), ("app-512", 512, 0.75), ("app-maskable-512", 512, 0.55)):
        draw(size, share).save(FOLDER / f"{name}.png", optimize=True)
