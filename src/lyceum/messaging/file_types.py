"""What a file is by its content, and its preview; runs in a bounded child (`core.sandbox`), so no Django here."""

import io
import json
import re
import struct
import zipfile
from typing import IO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from lyceum.core.sandbox import Unreadable

IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
OFFICE = "application/vnd.openxmlformats-officedocument."
# By the part that each kind of package must hold (ECMA-376, part 1, section 11).
PACKAGES = {
    "word/document.xml": f"{OFFICE}wordprocessingml.document",
    "xl/workbook.xml": f"{OFFICE}spreadsheetml.sheet",
    "ppt/presentation.xml": f"{OFFICE}presentationml.presentation",
}
OPEN_DOCUMENT = re.compile(rb"application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation|graphics)")
PLAIN = "text/plain"
# Texts are told apart by the endings of their names alone.
TEXTS = {".md": "text/markdown", ".markdown": "text/markdown", ".csv": "text/csv"}
ALLOWED = [
    *IMAGES.values(),
    *PACKAGES.values(),
    *(f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation", "graphics")),
    "application/pdf",
    PLAIN,
    *dict.fromkeys(TEXTS.values()),
    *(f"audio/{kind}" for kind in ("mpeg", "ogg", "wav", "webm")),
]
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# What a browser would run or draw is no plain text, whatever its name.
MARKUP = re.compile(rb"(?:\s|<!--.*?-->)*<(?:!doctype|html|svg|script|\?xml|head|body|iframe)", re.I | re.S)
OGG_SOUND = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
# Version, revision, flags, and a size of four bytes without their highest bit (ID3v2, section 3.1).
ID3 = re.compile(rb"ID3[\x02-\x04][\x00-\x0f][\x00-\xff][\x00-\x7f]{4}", re.S)
MAX_PIXELS = 40_000_000
MAX_MEMBERS, MAX_EXPANDED = 1000, 100 * 1024 * 1024
PREVIEW_SIDE = 960
HEAD = 64 * 1024


class Kind(NamedTuple):
    """A type of the allow-list, and the preview as a WebP, empty where there is none."""

    content_type: str
    preview: bytes


def look(file: IO[bytes]) -> bytes:
    """Return the type and the preview, packed; raises Unreadable with `type` or `pixels`."""
    body = io.BytesIO(file.read())
    kind = _image(body) or _other(body)
    return json.dumps({"content_type": kind.content_type}).encode() + b"\n" + kind.preview


def unpack(packed: bytes) -> Kind:
    """Read what `look` returned."""
    head, _, preview = packed.partition(b"\n")
    return Kind(json.loads(head)["content_type"], preview)


def _image(body: IO[bytes]) -> Kind | None:
    Image.MAX_IMAGE_PIXELS = None  # said by our own bound, before a pixel is unpacked
    try:
        picture = Image.open(body, formats=tuple(IMAGES))
    except UnidentifiedImageError:
        body.seek(0)
        return None
    if picture.width * picture.height > MAX_PIXELS:
        raise Unreadable("pixels")
    content_type = IMAGES[picture.format or ""]
    picture.draft("RGB", (PREVIEW_SIDE * 2, PREVIEW_SIDE * 2))
    turned = ImageOps.exif_transpose(picture)
    mode = "RGBA" if turned.has_transparency_data else "RGB"
    turned = turned.convert(mode)
    turned.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    # Drawn on a new picture: where and when it was taken stays in the original alone.
    clean = Image.new(mode, turned.size)
    clean.paste(turned)
    output = io.BytesIO()
    clean.save(output, "WEBP", quality=82, method=4)
    return Kind(content_type, output.getvalue())


def _other(body: IO[bytes]) -> Kind:
    head = body.read(HEAD)
    if head.startswith(b"PK\x03\x04"):
        found = _package(body, head)
    elif head.startswith((b"%PDF-1", b"%PDF-2")):
        found = "application/pdf"
    else:
        found = _audio(head) or _text(head + body.read())
    if found is None:
        raise Unreadable("type")
    return Kind(found, b"")


def _audio(head: bytes) -> str | None:
    if head.startswith(b"OggS\0"):
        return "audio/ogg" if any(codec in head[:200] for codec in OGG_SOUND) and b"theora" not in head else None
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    # EBML with the document type of WebM; a video track would name its codec.
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]:
        return None if b"V_VP" in head or b"V_AV1" in head else "audio/webm"
    return "audio/mpeg" if ID3.match(head) or _is_mpeg_frame(head) else None


def _is_mpeg_frame(head: bytes) -> bool:
    """Recognise the header of an MPEG audio frame of layer III (ISO 11172-3, section 2.4.1.3)."""
    if len(head) < 4:
        return False
    bits = struct.unpack(">I", head[:4])[0]
    sync, layer, rate, sampling = bits >> 21, bits >> 17 & 3, bits >> 12 & 15, bits >> 10 & 3
    return sync == 0x7FF and layer == 1 and rate not in (0, 15) and sampling != 3


def _package(body: IO[bytes], head: bytes) -> str | None:
    try:
        with zipfile.ZipFile(body) as package:
            members = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    names = {member.filename for member in members}
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_EXPANDED:
        return None
    if any(name.endswith("vbaProject.bin") for name in names):
        return None
    if members and members[0].filename == "mimetype" and (found := OPEN_DOCUMENT.search(head[:200])):
        return found.group().decode()
    if "[Content_Types].xml" not in names:
        return None
    return next((content_type for part, content_type in PACKAGES.items() if part in names), None)


def _text(data: bytes) -> str | None:
    if MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text) else PLAIN
