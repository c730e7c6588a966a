"""How a person's picture is read and redrawn; runs in a bounded child (`core.sandbox`), so no Django here."""

import io
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from lyceum.core.sandbox import Unreadable

SIDE = 256
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def square(file: IO[bytes]) -> bytes:
    """Cut the middle square of a PNG, JPEG, WebP or GIF and return it as a WebP without metadata.

    Raises Unreadable with `type` for anything else by content, and with `pixels` for a picture too large to unpack.
    """
    Image.MAX_IMAGE_PIXELS = None  # said by our own bound, before a pixel is unpacked
    try:
        picture = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as err:
        raise Unreadable("type") from err
    if picture.width * picture.height > MAX_PIXELS:
        raise Unreadable("pixels")
    picture.draft("RGB", (SIDE * 2, SIDE * 2))
    turned = ImageOps.exif_transpose(picture)
    mode = "RGBA" if turned.has_transparency_data else "RGB"
    small = ImageOps.fit(turned.convert(mode), (SIDE, SIDE), Image.Resampling.LANCZOS)
    # Drawn on a new picture: what the file says beside its pixels stays behind.
    clean = Image.new(mode, small.size)
    clean.paste(small)
    output = io.BytesIO()
    clean.save(output, "WEBP", quality=85, method=4)
    return output.getvalue()
