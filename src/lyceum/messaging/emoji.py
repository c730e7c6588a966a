"""What counts as one emoji: a sequence that Unicode recommends for general interchange (RGI, UTS 51)."""

from emoji import EMOJI_DATA, STATUS


def is_one_emoji(text: str) -> bool:
    """Return whether the text is exactly one RGI emoji, fully qualified as keyboards send it."""
    known = EMOJI_DATA.get(text)
    return known is not None and known["status"] <= STATUS["fully_qualified"]
