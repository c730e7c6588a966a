"""Codes of languages: the three letters of catalogues as the two of the web; pure."""

# ISO 639-2, bibliographic and terminological, to ISO 639-1; others stay as they are.
SHORT = {
    "eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt",
    "dut": "nl", "nld": "nl", "swe": "sv", "nor": "no", "nob": "nb", "nno": "nn", "dan": "da", "fin": "fi",
    "isl": "is", "ice": "is", "rus": "ru", "ukr": "uk", "pol": "pl", "cze": "cs", "ces": "cs", "slo": "sk",
    "slk": "sk", "slv": "sl", "hrv": "hr", "srp": "sr", "bul": "bg", "rum": "ro", "ron": "ro", "hun": "hu",
    "gre": "el", "ell": "el", "tur": "tr", "ara": "ar", "heb": "he", "per": "fa", "fas": "fa", "hin": "hi",
    "jpn": "ja", "chi": "zh", "zho": "zh", "kor": "ko", "vie": "vi", "tha": "th", "ind": "id", "msa": "ms",
    "may": "ms", "lat": "la", "cat": "ca", "baq": "eu", "eus": "eu", "wel": "cy", "cym": "cy", "gle": "ga",
    "est": "et", "lav": "lv", "lit": "lt", "afr": "af", "swa": "sw",
}  # fmt: skip
# What says that nobody knows, or that there are many.
NONE = {"und", "mul", "zxx", "mis"}


def short_code(code: str) -> str:
    """Return the shortest code of a language, empty for none in particular."""
    first, dash, rest = code.replace("_", "-").partition("-")
    first = first.lower()
    return "" if first in NONE else SHORT.get(first, first) + (f"-{rest}" if dash else "")
