"""Goldfields Field School: who is there, and who of them may sign in."""

from typing import NamedTuple

from django.contrib.auth.hashers import make_password

from lyceum.accounts.models import User

# Printed at every start; demo people only.
PASSWORD = "Kambalda-dome-82"  # noqa: S105
ZONE_NAME = "Australia/Perth"
NAMES = {
    "priya": ("Priya", "Raman"),
    "ruth": ("Ruth", "Pemberton"),
    "samuel": ("Samuel", "Okafor"),
    "jodie": ("Jodie", "Walsh"),
    "mei": ("Mei", "Tanaka"),
    "callum": ("Callum", "Reid"),
    "ilse": ("Ilse", "Brandt"),
    "tom": ("Tom", "Ngata"),
    "aisha": ("Aisha", "Rahman"),
    "diego": ("Diego", "Fuentes"),
    "hannah": ("Hannah", "Kowalski"),
    "jarrah": ("Jarrah", "Collins"),
    "linh": ("Linh", "Tran"),
    "noor": ("Noor", "Haddad"),
    "oscar": ("Oscar", "Lindqvist"),
    "wren": ("Wren", "Gallagher"),
}
STAFF = {"priya", "jodie"}
WITH_PASSWORD = {"priya": "coordinator", "ruth": "teacher", "mei": "learner", "jodie": "librarian"}


class SignIn(NamedTuple):
    role: str
    email: str
    password: str


def _address(name: str) -> str:
    return f"{name}@goldfields.example"


def make_people() -> dict[str, User]:
    """Create the school's people by their short names; all but four cannot sign in."""
    password = make_password(PASSWORD)
    people = {}
    for name, (first, last) in NAMES.items():
        people[name] = User(
            email=_address(name),
            password=password if name in WITH_PASSWORD else make_password(None),
            first_name=first,
            last_name=last,
            is_staff=name in STAFF,
            is_demo=True,
            timezone=ZONE_NAME,
        )
        people[name].save()
    return people


def sign_ins() -> list[SignIn]:
    """Return how to sign in as the coordinator, a teacher, a learner and the librarian; empty without demo content."""
    if not User.objects.filter(is_demo=True).exists():
        return []
    return [SignIn(role, _address(name), PASSWORD) for name, role in WITH_PASSWORD.items()]
