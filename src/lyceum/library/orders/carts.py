"""Carts: a person's books to be ordered, each with the price that they were last shown."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from lyceum.core.conditions import unbound
from lyceum.core.errors import NotFound
from lyceum.library import selectors
from lyceum.library.models import Book
from lyceum.library.orders.errors import CartFull, MixedCurrencies, NotForSale, SoldOut
from lyceum.library.orders.models import MOST_COPIES, CartItem
from lyceum.library.orders.quotes import Line, Quote

MOST_ITEMS = 100


def items_of(person: Any) -> QuerySet[CartItem]:
    # Ids rise with time, and every one who locks rows of a cart locks them in this order.
    return CartItem.objects.filter(user=person.pk).order_by("pk")


def cart_of(person: Any) -> Quote:
    return Quote([line_of(item, item.book) for item in items_of(person).select_related("book")])


def copies_in_cart(person_id: UUID) -> int:
    return sum(CartItem.objects.filter(user=person_id).values_list("quantity", flat=True))


def copies_of(person: Any, book_id: UUID) -> int:
    """Return how many copies of a book a person has in their cart."""
    return items_of(person).filter(book=book_id).values_list("quantity", flat=True).first() or 0


def line_of(item: CartItem, book: Book) -> Line:
    return Line(
        item.pk,
        book.pk,
        book.title,
        item.quantity,
        item.price,
        item.currency,
        book.price,
        book.currency,
        book.stock,
        book.status == Book.Status.AVAILABLE,
        item.version,
    )


def get_item_for(person: Any, item_id: UUID) -> Line:
    """Return a line of a person's cart; raises NotFound."""
    item = _found(items_of(person), item_id)
    return line_of(item, item.book)


def _lock(person: Any, item_id: UUID) -> CartItem:
    return _found(items_of(person).select_for_update(of=("self",)), item_id)


def _found(items: QuerySet[CartItem], item_id: UUID) -> CartItem:
    item = items.select_related("book").filter(pk=item_id).first()
    if item is None:
        raise NotFound("There is no such item in your cart.")
    return item


@transaction.atomic
def add(person: Any, book_id: UUID, quantity: int = 1) -> Line:
    """Put copies of a book into a person's cart, beside those of it that are there; shows its price of now.

    Raises NotFound, NotForSale, SoldOut, MixedCurrencies or CartFull.
    """
    book = selectors.get_book_for(person, book_id)
    there = {item.book_id: item for item in items_of(person).select_for_update()}
    known = there.get(book.pk)
    wanted = quantity + (known.quantity if known else 0)
    check_can_be_had(book, wanted)
    check_currency(book, [item for item in there.values() if item is not known])
    if known is None and len(there) >= MOST_ITEMS:
        raise CartFull
    price = {"price": book.price, "currency": book.currency}
    # Two windows may put the same book in at once; the later one then adds to what the first put there.
    item, is_new = CartItem.objects.get_or_create(
        user_id=person.pk, book=book, defaults={**price, "quantity": quantity}
    )
    if not is_new:
        _update(item, quantity=F("quantity") + quantity if known is None else wanted, **price)
    return line_of(item, book)


@transaction.atomic
def change(person: Any, item_id: UUID, quantity: int, *, check: Callable[[Line], None] = unbound) -> Line:
    """Have so many copies in the cart; shows the price of now. Raises NotFound, NotForSale or SoldOut."""
    item = _lock(person, item_id)
    check(line_of(item, item.book))
    if quantity > item.quantity:
        check_can_be_had(item.book, quantity)
    if item.book.price is not None:
        _update(item, quantity=quantity, price=item.book.price, currency=item.book.currency)
    else:
        _update(item, quantity=quantity)
    return line_of(item, item.book)


def _update(item: CartItem, **fields: Any) -> None:
    CartItem.objects.filter(pk=item.pk).update(**fields, version=F("version") + 1)
    item.refresh_from_db(fields=[*fields, "version"])


@transaction.atomic
def remove(person: Any, item_id: UUID, *, check: Callable[[Line], None] = unbound) -> None:
    item = _lock(person, item_id)
    check(line_of(item, item.book))
    item.delete()


def clear(person: Any) -> None:
    items_of(person).delete()


def check_can_be_had(book: Book, copies: int) -> None:
    """Raise NotForSale or SoldOut where so many copies of a book could not be ordered now."""
    if book.status != Book.Status.AVAILABLE or book.price is None:
        raise NotForSale
    if book.stock == 0:
        raise SoldOut(f"{book.title} is sold out.")
    if book.stock < copies:
        raise SoldOut(f"Of {book.title} there are only {book.stock} in stock.")
    if copies > MOST_COPIES:
        raise SoldOut(f"One order takes at most {MOST_COPIES} copies of a book.")


def check_currency(book: Book, others: list[CartItem]) -> None:
    found = {item.currency for item in others} - {book.currency}
    if found:
        raise MixedCurrencies(f"This costs {book.currency}, what is in your cart {', '.join(sorted(found))}.")
