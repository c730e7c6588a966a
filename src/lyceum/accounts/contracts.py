"""Events of accounts; framework-free, importable from anywhere."""

from lyceum.core.events import Event


class PresenceSharingChanged(Event, frozen=True):
    """A person hid or showed whether they are here."""

    user_id: str
    is_shown: bool
