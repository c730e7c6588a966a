"""What counts as one emoji: a sequence of UTS 51, section 1.4.9, without a list of what fonts draw."""

import re
import unicodedata

_MODIFIER = "[\U0001f3fb-\U0001f3ff]"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = "[0-9#*]\ufe0f\u20e3"
_TAGS = "(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_PLAIN = "[\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
_ELEMENT = f"{_PLAIN}(?:{_MODIFIER}|\ufe0f)?{_TAGS}"
_SEQUENCE = re.compile(f"(?:{_FLAG}|{_KEYCAP}|{_ELEMENT}(?:\u200d{_ELEMENT})*)")


def is_one_emoji(text: str) -> bool:
    """Return whether the text is exactly one emoji of at most 64 characters."""
    if len(text) > 64 or not _SEQUENCE.fullmatch(text):
        return False
    # Regional indicators stand in pairs only, and a lone modifier is no emoji.
    first = text[0]
    return unicodedata.category(first) in ("So", "Sm", "Sk", "Po", "Nd") and not re.fullmatch(_MODIFIER, text)
