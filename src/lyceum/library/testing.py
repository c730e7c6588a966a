"""Books for tests, made as plain rows."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lyceum.library import index
from lyceum.library.models import Author, Book, BookAuthor, Category, Publisher, key_of
from lyceum.search import engines, queue
from lyceum.search.contracts import Change
from lyceum.search.vectors import embedding
from lyceum.search.vectors.following import follow


def make_author(full_name: str) -> Author:
    """Return the author of this name, made where there is none."""
    first, _, last = full_name.rpartition(" ")
    found = Author.objects.filter(name_key=key_of(full_name)).first()
    return found or Author.objects.create(first_name=first, last_name=last)


def make_category(name: str, parent: Category | None = None) -> Category:
    """Return the category of this name at its place, made where there is none."""
    found = Category.objects.filter(name_key=key_of(name), parent=parent).first()
    return found or Category.objects.create(name=name, parent=parent)


def make_publisher(name: str) -> Publisher:
    """Return the publisher of this name, made where there is none."""
    found = Publisher.objects.filter(name_key=key_of(name)).first()
    return found or Publisher.objects.create(name=name)


def make_book(
    title: str,
    authors: Iterable[str] = ("Ada Writer",),
    *,
    categories: Iterable[Category | str] = (),
    publisher: str = "",
    price: str | None = "12.50",
    stock: int = 10,
    **fields: Any,
) -> Book:
    """Create a book with its authors and categories."""
    book = Book.objects.create(
        title=title,
        publisher=make_publisher(publisher) if publisher else None,
        price=None if price is None else Decimal(price),
        stock=stock,
        **fields,
    )
    for place, name in enumerate(authors):
        BookAuthor.objects.create(book=book, author=make_author(name), place=place)
    book.categories.set([one if isinstance(one, Category) else make_category(one) for one in categories])
    return book


def fill_index(*, with_meaning: bool = False) -> None:
    """Bring the books as they are now into the index of this process, which begins empty, and give them vectors."""
    engine, version = engines.current(), queue.next_version()
    engine.prepare(index.DECLARATION)
    documents = {document.id: document for document in index.load(list(index.ids_above(None)))}
    engine.apply(index.DECLARATION, [Change(one, version, document) for one, document in documents.items()])
    engine.commit(index.KIND)
    if with_meaning:
        follow(index.DECLARATION, documents)
        while embedding.advance():
            pass
