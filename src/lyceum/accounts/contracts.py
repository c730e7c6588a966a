"""Events of accounts; framework-free, importable from anywhere."""

import msgspec

from lyceum.core.events import Event
from lyceum.core.ids import uuid7


def _new_id() -> str:
    return str(uuid7())


class UserRegistered(Event, frozen=True):
    """Somebody has an account now."""

    user_id: str
    event_id: str = msgspec.field(default_factory=_new_id)


class UserErased(Event, frozen=True):
    """An account's days to be opened again were over; what is left of the person is an id."""

    user_id: str


class PresenceSharingChanged(Event, frozen=True):
    """A person hid or showed whether they are here."""

    user_id: str
    is_shown: bool
