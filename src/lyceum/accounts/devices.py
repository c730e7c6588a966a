"""What a browser or a program calls itself, in the words of people."""

import re

# In this order: each also names those after it.
BROWSERS = [
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
]
HANDHELD = {"iPhone", "iPad", "Android"}
PROGRAM = re.compile(r"([A-Za-z][\w.+-]{0,40})(?:/([\d.]+))?")


def _first(known: list[tuple[str, str]], text: str) -> str:
    return next((name for sign, name in known if sign in text), "")


def name(user_agent: str) -> str:
    """Return such as "Firefox on Linux" or "curl 8.5.0"; empty for what says nothing."""
    if "Mozilla/" in user_agent:
        browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
        return f"{browser} on {system}" if browser and system else browser or system
    program = PROGRAM.match(user_agent)
    return " ".join(part for part in program.groups() if part) if program else ""


def icon(user_agent: str) -> str:
    """Return the icon of a device: a phone, a screen, or a terminal for a program."""
    if "Mozilla/" not in user_agent:
        return "terminal"
    return "smartphone" if _first(SYSTEMS, user_agent) in HANDHELD else "monitor"
