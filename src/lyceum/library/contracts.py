"""Events of the library; framework-free, importable from anywhere."""

import msgspec

from lyceum.core.events import Event
from lyceum.core.ids import uuid7


def _new_id() -> str:
    return str(uuid7())


class BookChanged(Event, frozen=True):
    """A book was added, or something of it changed that readers see."""

    book_id: str
    is_new: bool = False
    event_id: str = msgspec.field(default_factory=_new_id)


class BookRemoved(Event, frozen=True):
    """A book is no longer in the catalogue for readers: deleted, or withdrawn."""

    book_id: str
    event_id: str = msgspec.field(default_factory=_new_id)


class ReviewWritten(Event, frozen=True):
    """Somebody with an account rated a book, for the first time or anew."""

    review_id: str
    book_id: str
    user_id: str
    rating: int
    is_new: bool
    event_id: str = msgspec.field(default_factory=_new_id)


class ReviewRemoved(Event, frozen=True):
    """A review of somebody with an account was taken back, by them or by staff."""

    review_id: str
    book_id: str
    user_id: str
    event_id: str = msgspec.field(default_factory=_new_id)


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of one book in an order."""

    book_id: str
    quantity: int


class OrderPlaced(Event, frozen=True):
    """A person ordered books; they are theirs until the order is cancelled."""

    order_id: str
    user_id: str
    items: list[OrderLine]
    event_id: str = msgspec.field(default_factory=_new_id)


class OrderCancelled(Event, frozen=True):
    """An order came to nothing, and its copies are in stock again. `user_id` is None where the person is gone.

    `because` is `asked` (by the buyer), `staff`, `unpaid` or `erased`.
    """

    order_id: str
    user_id: str | None
    items: list[OrderLine]
    because: str
    event_id: str = msgspec.field(default_factory=_new_id)


class OrderPaid(Event, frozen=True):
    order_id: str
    user_id: str | None
    event_id: str = msgspec.field(default_factory=_new_id)


class OrderShipped(Event, frozen=True):
    order_id: str
    user_id: str | None
    event_id: str = msgspec.field(default_factory=_new_id)


class OrderDelivered(Event, frozen=True):
    order_id: str
    user_id: str | None
    event_id: str = msgspec.field(default_factory=_new_id)
