"""ISBNs: read in any way they are written, kept as thirteen digits."""

import re


def normal(text: str) -> str | None:
    """Return the thirteen digits of an ISBN with ten or thirteen, None for what is none."""
    plain = re.sub(r"[\s\u2010-\u2015-]", "", text).upper()
    if re.fullmatch(r"97[89][0-9]{10}", plain):
        return plain if check_digit(plain[:12]) == plain[12] else None
    if re.fullmatch(r"[0-9]{9}[0-9X]", plain) and _has_ten(plain):
        return of_ten(plain)
    return None


def of_ten(ten: str) -> str:
    """Return the thirteen digits of an ISBN with ten."""
    body = f"978{ten[:9]}"
    return body + check_digit(body)


def check_digit(twelve: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str(-total % 10)


def _has_ten(ten: str) -> bool:
    values = [10 if digit == "X" else int(digit) for digit in ten]
    return sum(value * (10 - place) for place, value in enumerate(values)) % 11 == 0
