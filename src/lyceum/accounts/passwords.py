"""The rules of a password, each reported with its own code."""

from difflib import SequenceMatcher

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from lyceum.accounts.models import email_key, name_key
from lyceum.core.errors import FieldError
from lyceum.core.json import has_lone_surrogate

MIN_LENGTH, MAX_LENGTH = 8, 128
# Django's own measure of likeness (UserAttributeSimilarityValidator).
MAX_SIMILARITY = 0.7
_common = CommonPasswordValidator()


def _is_common(password: str) -> bool:
    try:
        _common.validate(password)
    except ValidationError:
        return True
    return False


def _is_like(password: str, *words: str) -> bool:
    lower = name_key(password)
    return any(
        SequenceMatcher(a=lower, b=word).ratio() >= MAX_SIMILARITY or (word in lower and len(word) * 2 > len(lower))
        for word in words
        if len(word) > 2
    )


def broken_rules(password: str, password_confirm: str, *, email: str, names: list[str]) -> list[FieldError]:
    """Return every rule that the new password breaks; empty when it is good."""
    found = []
    if len(password) < MIN_LENGTH:
        found.append(FieldError("password", "too_short", f"Use {MIN_LENGTH} characters or more."))
    if len(password) > MAX_LENGTH:
        return [FieldError("password", "too_long", f"Use {MAX_LENGTH} characters or fewer.")]
    if "\x00" in password or has_lone_surrogate(password):
        found.append(FieldError("password", "invalid", "It holds a character that is not allowed."))
    if _is_common(password):
        found.append(FieldError("password", "password_common", "This password is among the most used ones."))
    if password.isdigit():
        found.append(FieldError("password", "password_numeric", "Use more than digits."))
    address, full_name = email_key(email), name_key("".join(names))
    if _is_like(password, address, address.split("@")[0], *(name_key(name) for name in names), full_name):
        found.append(FieldError("password", "password_similar", "This is too much like your address or name."))
    if password != password_confirm:
        found.append(FieldError("password_confirm", "mismatch", "The two passwords differ."))
    return found
