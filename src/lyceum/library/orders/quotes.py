"""What a cart comes to: the prices of now beside those that were shown, and what stands in the way. No database."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args
from uuid import UUID

Notice = Literal["price_changed", "sold_out", "not_enough_stock", "not_for_sale"]
NOTICES: tuple[str, ...] = get_args(Notice)
# A changed price is told, and does not stand in the way of who has seen the new one.
IN_THE_WAY = ("sold_out", "not_enough_stock", "not_for_sale")


@dataclass(frozen=True)
class Line:
    """Copies of a book in a cart. `shown` is the price beside which it was put there, `price` the one of now."""

    id: UUID
    book_id: UUID
    title: str
    quantity: int
    shown: Decimal
    shown_currency: str
    price: Decimal | None
    currency: str
    stock: int
    is_for_sale: bool
    version: int = 1

    @property
    def amount(self) -> Decimal | None:
        return None if self.price is None else self.price * self.quantity

    @property
    def has_new_price(self) -> bool:
        return (self.price, self.currency) != (self.shown, self.shown_currency)

    @property
    def notice(self) -> Notice | None:
        """The first thing that its buyer has to know, the worst first."""
        if not self.is_for_sale or self.price is None:
            return "not_for_sale"
        if self.stock == 0:
            return "sold_out"
        if self.stock < self.quantity:
            return "not_enough_stock"
        return "price_changed" if self.has_new_price else None


@dataclass(frozen=True)
class Quote:
    """A cart as it stands now. The total is None while it has books in different currencies, or one without a price."""

    lines: Sequence[Line]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def currency(self) -> str | None:
        found = {line.currency for line in self.lines}
        return found.pop() if len(found) == 1 else None

    @property
    def is_mixed(self) -> bool:
        return len({line.currency for line in self.lines}) > 1

    @property
    def total_amount(self) -> Decimal | None:
        if self.is_mixed:
            return None
        amounts = [line.amount for line in self.lines]
        return (
            sum((amount for amount in amounts if amount is not None), Decimal("0.00")) if all_known(amounts) else None
        )

    @property
    def can_be_ordered(self) -> bool:
        is_free = all(line.notice not in IN_THE_WAY for line in self.lines)
        return bool(self.lines) and is_free and not self.is_mixed

    @property
    def mark(self) -> str:
        """A text that is another one as soon as anything of it is: what, how many, at what price."""
        parts = [f"{line.book_id} {line.quantity} {line.price} {line.currency}" for line in self.lines]
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:32]


def all_known(amounts: Iterable[Decimal | None]) -> bool:
    return all(amount is not None for amount in amounts)
