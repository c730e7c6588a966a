"""Puts the demo's library into the database, in bulk, and takes it away again."""

from datetime import datetime, timedelta
from itertools import count

from django.db.models import Q

from lyceum.accounts.models import User
from lyceum.config.demo import readers
from lyceum.config.demo.books import CURRENCY, Entry, entries, name_of, tree
from lyceum.core.events import publish_all
from lyceum.core.ids import uuid7
from lyceum.library import suggestions
from lyceum.library.contracts import BookChanged, BookRemoved
from lyceum.library.models import Author, Book, BookAuthor, Category, Publisher, Review, key_of
from lyceum.library.public import reindex

# Under this name the ratings of simulated readers are kept; they have no accounts.
SOURCE = "demo"
# New arrivals that nobody has put on a shelf yet: for them categories are suggested.
UNSORTED = {"Salt", "Flatland", "Statistical Analysis of Spherical Data", "Eruptions that Shook the World"}
BOUGHT_OVER = timedelta(days=900)


def fill(people: dict[str, User], now: datetime) -> None:
    found = entries()
    categories = _make_categories()
    authors, publishers = _make_authors(found), _make_publishers(found)
    books = _make_books(found, publishers, now)
    BookAuthor.objects.bulk_create(
        BookAuthor(book=book, author=authors[name], place=place)
        for book, entry in zip(books, found, strict=True)
        for place, name in enumerate(entry.authors)
    )
    Book.categories.through.objects.bulk_create(
        Book.categories.through(book=book, category=categories[name])
        for book, entry in zip(books, found, strict=True)
        for name in entry.categories
        if entry.title not in UNSORTED
    )
    Review.objects.bulk_create([*_simulated(found, books, now), *_of_school(found, books, people, now)])
    publish_all(BookChanged(book_id=str(book.pk), is_new=True) for book in books)
    reindex(book.pk for book in books)
    suggestions.queue()


def clear() -> None:
    """Take the demo's books and reviews, and its authors, publishers and categories that no other book needs."""
    gone = Book.objects.filter(is_demo=True)
    removed = list(gone.values_list("pk", flat=True))
    gone.delete()
    Author.objects.filter(is_demo=True, books=None).delete()
    Publisher.objects.filter(is_demo=True, books=None).delete()
    # Leaves first; a branch with something of others in it stays.
    for _ in range(2):
        Category.objects.filter(is_demo=True, books=None, children=None).delete()
    publish_all(BookRemoved(book_id=str(pk)) for pk in removed)
    reindex(removed)


def _make_categories() -> dict[str, Category]:
    """Return the leaves by name; what the workspace has already under a name is taken."""
    branches = _categories([(name, None) for name in tree()])
    return _categories([(name, branches[branch]) for branch, names in tree().items() for name in names])


def _categories(wanted: list[tuple[str, Category | None]]) -> dict[str, Category]:
    keys = {key_of(name): name for name, _ in wanted}
    parents = [parent for _, parent in wanted]
    rows = (Category(name=name, name_key=key_of(name), parent=parent, is_demo=True) for name, parent in wanted)
    Category.objects.bulk_create(rows, ignore_conflicts=True)
    here = Q(parent__in=parents) if all(parents) else Q(parent=None)
    return {keys[row.name_key]: row for row in Category.objects.filter(here, name_key__in=keys)}


def _make_authors(found: list[Entry]) -> dict[str, Author]:
    authors = {}
    for written in dict.fromkeys(name for entry in found for name in entry.authors):
        first, last = name_of(written)
        authors[written] = Author(first_name=first, last_name=last, is_demo=True)
    for author in authors.values():
        author.name_key = key_of(author.full_name)
    Author.objects.bulk_create(authors.values())
    return authors


def _make_publishers(found: list[Entry]) -> dict[str, Publisher]:
    names = {key_of(entry.publisher): entry.publisher for entry in found if entry.publisher}
    rows = (Publisher(name=name, name_key=key, is_demo=True) for key, name in names.items())
    Publisher.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.name_key: row for row in Publisher.objects.filter(name_key__in=names)}


def _make_books(found: list[Entry], publishers: dict[str, Publisher], now: datetime) -> list[Book]:
    """Create the books as bought one after another; a number that an own book has is left to it."""
    taken = set(Book.objects.filter(isbn__in=[entry.isbn for entry in found]).values_list("isbn", flat=True))
    step = BOUGHT_OVER / len(found)
    rows = [
        Book(
            id=uuid7(now - BOUGHT_OVER + place * step),
            title=entry.title,
            title_key=key_of(entry.title),
            subtitle=entry.subtitle,
            isbn=None if entry.isbn in taken else entry.isbn,
            description=entry.about,
            publisher=publishers.get(key_of(entry.publisher)),
            price=entry.price,
            currency=CURRENCY,
            stock=entry.stock,
            pages=entry.pages,
            publication_year=entry.year,
            language=entry.language,
            is_demo=True,
            created_at=now - BOUGHT_OVER + place * step,
        )
        for place, entry in zip(count(), found)
    ]
    return Book.objects.bulk_create(rows)


def _simulated(found: list[Entry], books: list[Book], now: datetime) -> list[Review]:
    return [
        _review(books[rated.place], rated.rating, rated.text, now - timedelta(days=rated.days_ago), reader=rated.reader)
        for rated in readers.ratings(found)
    ]


def _of_school(found: list[Entry], books: list[Book], people: dict[str, User], now: datetime) -> list[Review]:
    rows = []
    for days, said in enumerate(readers.read().review, start=2):
        book = next(book for book, entry in zip(books, found, strict=True) if said.is_of(entry))
        rows.append(_review(book, said.rating, said.text, now - timedelta(days=3 * days), user=people[said.who]))
    return rows


def _review(book: Book, rating: int, text: str, at: datetime, *, user: User | None = None, reader: str = "") -> Review:
    return Review(
        id=uuid7(at),
        book=book,
        user=user,
        source="" if user else SOURCE,
        reader=reader,
        rating=rating,
        text=text,
        created_at=at,
        updated_at=at,
    )
