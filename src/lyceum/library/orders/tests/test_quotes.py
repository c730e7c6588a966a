from dataclasses import replace
from decimal import Decimal

import pytest

from lyceum.core.ids import uuid7
from lyceum.library.orders.quotes import Line, Quote

TEN = Decimal("10.00")
LINE = Line(uuid7(), uuid7(), "Maps", 2, TEN, "EUR", TEN, "EUR", 5, True)
OTHER = replace(LINE, id=uuid7(), book_id=uuid7(), shown=Decimal("0.10"), price=Decimal("0.10"), quantity=3)


def test_a_total_is_exact() -> None:
    assert Quote([LINE, OTHER]).total_amount == Decimal("20.30")
    assert Quote([replace(OTHER, quantity=100)] * 3).total_amount == Decimal("30.00")
    assert (Quote([LINE, OTHER]).currency, Quote([LINE, OTHER]).copies) == ("EUR", 5)


@pytest.mark.parametrize(
    ("changed", "notice", "can"),
    [
        ({}, None, True),
        ({"stock": 2}, None, True),
        ({"stock": 1}, "not_enough_stock", False),
        ({"stock": 0}, "sold_out", False),
        ({"is_for_sale": False}, "not_for_sale", False),
        ({"price": None}, "not_for_sale", False),
        ({"price": Decimal("9.99")}, "price_changed", True),
        ({"currency": "USD"}, "price_changed", True),
        ({"price": Decimal("9.99"), "stock": 0}, "sold_out", False),
    ],
)
def test_what_a_buyer_has_to_know_is_said(changed: dict[str, object], notice: str | None, can: bool) -> None:
    line = replace(LINE, **changed)
    assert (line.notice, Quote([line]).can_be_ordered) == (notice, can)


def test_nothing_and_two_currencies_cannot_be_ordered() -> None:
    assert not Quote([]).can_be_ordered
    mixed = Quote([LINE, replace(OTHER, currency="USD")])
    assert (mixed.can_be_ordered, mixed.total_amount, mixed.currency) == (False, None, None)


def test_without_a_price_there_is_no_total() -> None:
    assert Quote([LINE, replace(OTHER, price=None)]).total_amount is None


@pytest.mark.parametrize("changed", [{"quantity": 3}, {"price": Decimal("10.01")}, {"currency": "USD"}])
def test_the_mark_of_a_cart_is_that_of_what_it_holds(changed: dict[str, object]) -> None:
    assert Quote([LINE, OTHER]).mark == Quote([OTHER, LINE]).mark
    assert Quote([LINE, OTHER]).mark != Quote([replace(LINE, **changed), OTHER]).mark
    assert Quote([LINE]).mark != Quote([LINE, OTHER]).mark
    # What is in stock, and what was shown before, is not what is bought.
    assert Quote([LINE]).mark == Quote([replace(LINE, stock=1, shown=Decimal(1))]).mark
