"""Taste changes when readers rate and order: their lists are made anew, and orders count for what was shown."""

from uuid import UUID

from lyceum.core.events import on
from lyceum.library.contracts import OrderCancelled, OrderPlaced, ReviewRemoved, ReviewWritten
from lyceum.library.recommendations import kept_lists, showings


@on(ReviewWritten)
def forget_list_of_reviewer(event: ReviewWritten) -> None:
    kept_lists.drop(UUID(event.user_id))


@on(ReviewRemoved)
def forget_list_without_review(event: ReviewRemoved) -> None:
    kept_lists.drop(UUID(event.user_id))


@on(OrderPlaced)
def credit_order(event: OrderPlaced) -> None:
    showings.credit(UUID(event.user_id), [UUID(line.book_id) for line in event.items])
    kept_lists.drop(UUID(event.user_id))


@on(OrderCancelled)
def withdraw_order(event: OrderCancelled) -> None:
    if event.user_id is not None:
        showings.withdraw_credit(UUID(event.user_id), [UUID(line.book_id) for line in event.items])
        kept_lists.drop(UUID(event.user_id))
