"""How a cover is read and redrawn; runs in a bounded child (`core.sandbox`), so no Django here."""

import io
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from lyceum.core.sandbox import Unreadable

WIDTH, HEIGHT = 800, 1200
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def redraw(file: IO[bytes]) -> bytes:
    """Bring a PNG, JPEG, WebP or GIF within 800 by 1200 and return it as a WebP without metadata.

    Raises Unreadable with `type` for anything else by content, and with `pixels` for a picture too large to unpack.
    """
    Image.MAX_IMAGE_PIXELS = None  # said by our own bound, before a pixel is unpacked
    try:
        picture = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as err:
        raise Unreadable("type") from err
    if picture.width * picture.height > MAX_PIXELS:
        raise Unreadable("pixels")
    picture.draft("RGB", (WIDTH * 2, HEIGHT * 2))
    turned = ImageOps.exif_transpose(picture).convert("RGB")
    turned.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    clean = Image.new("RGB", turned.size)
    clean.paste(turned)
    output = io.BytesIO()
    clean.save(output, "WEBP", quality=85, method=4)
    return output.getvalue()
