"""Text as it is compared and sorted: without case and accents."""

import unicodedata

# Letters with a stroke or joined are no letter and accent to Unicode, though people leave them out alike.
STROKED = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


def fold(text: str) -> str:
    """Return a text without case and accents, for search and order."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).translate(STROKED)
