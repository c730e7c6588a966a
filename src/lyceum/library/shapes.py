"""Books and what belongs to them, as they leave the server."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from lyceum.library import covers
from lyceum.library.models import Author, Book, Category, Publisher, Review


def money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def average(book: Book) -> float | None:
    return None if book.average_rating is None else float(book.average_rating)


def author_data(author: Author) -> dict[str, Any]:
    names = {"first_name": author.first_name, "last_name": author.last_name}
    return {"id": author.pk, **names, "full_name": author.full_name}


def name_data(row: Publisher | Category) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name}


def category_data(category: Category) -> dict[str, Any]:
    return {**name_data(category), "parent": category.parent_id}


def book_data(book: Book, *, for_staff: bool = False) -> dict[str, Any]:
    """Return a book that `selectors.whole` prepared; staff also see how many are left."""
    return {
        "id": book.pk,
        "title": book.title,
        "subtitle": book.subtitle,
        "isbn": book.isbn,
        "description": book.description,
        "authors": [author_data(link.author) for link in book.authorships.all()],
        "author": book.author,
        "publisher": name_data(book.publisher) if book.publisher else None,
        "categories": [name_data(category) for category in book.categories.all()],
        "price": money(book.price),
        "currency": book.currency,
        "status": book.status,
        "stock_state": book.stock_state,
        **({"stock": book.stock} if for_staff else {}),
        "pages": book.pages,
        "publication_date": book.publication_date,
        "publication_year": book.publication_year,
        "language": book.language or None,
        "cover": covers.url_of(book),
        "average_rating": average(book),
        "review_count": book.review_count,
        "created_at": book.created_at,
        "updated_at": book.updated_at,
    }


def review_data(review: Review, me: UUID | None) -> dict[str, Any]:
    """Return a review; of readers of another place there is a name alone."""
    user = review.user
    name = review.reader if user is None else str(getattr(user, "name", ""))
    return {
        "id": review.pk,
        "book": review.book_id,
        "reader": {"id": review.user_id, "name": name},
        "source": review.source or None,
        "rating": review.rating,
        "text": review.text,
        "mine": review.user_id is not None and review.user_id == me,
        "created_at": review.created_at,
        "updated_at": review.updated_at,
    }
