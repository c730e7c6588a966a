"""The demo's library: real books as facts, simulated readers with tastes, and nothing of it left when it goes."""

from collections import Counter
from typing import Any

import pytest
from django.db.models import Count

from lyceum.accounts.models import User
from lyceum.config import demo
from lyceum.config.demo import books, catalogue, readers
from lyceum.library.models import Author, Book, Category, Publisher, Review


def is_isbn(digits: str) -> bool:
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return len(digits) == 13 and weighed % 10 == 0


def test_every_entry_is_whole_and_none_is_there_twice() -> None:
    found = books.entries()
    assert len(found) > 300
    assert [entry.title for entry in found if entry.isbn is not None and not is_isbn(entry.isbn)] == []
    once = Counter((entry.title, entry.language, *entry.authors) for entry in found)
    assert [key for key, times in once.items() if times > 1] == []
    numbers = Counter(entry.isbn for entry in found if entry.isbn)
    assert [number for number, times in numbers.items() if times > 1] == []
    for entry in found:
        assert entry.about.endswith((".", "?")) and len(entry.about) > 40, entry.title
        assert entry.price > 0 and -400 < entry.year <= 2026, entry.title


def test_every_shelf_of_the_tree_is_used_and_no_other() -> None:
    named = {name for entry in books.entries() for name in entry.categories}
    assert named == {name for names in books.tree().values() for name in names}
    known = readers.read()
    tastes = {name for taste in known.taste for name in (*taste.loves, *taste.likes, *taste.dislikes)}
    assert tastes <= named
    assert {name for line in known.line for name in line.on} <= named | set(books.tree())


def test_there_are_forty_readers_and_their_tastes_are_recognisable() -> None:
    found = books.entries()
    drawn = readers.ratings(found)
    assert drawn == readers.ratings(found)
    assert len({rated.reader for rated in drawn}) == 40
    for taste in readers.read().taste:
        own = [rated for rated in drawn if rated.reader.endswith(f", {taste.label}")]
        loved = [rated for rated in own if set(found[rated.place].categories) & set(taste.loves)]
        others = [rated for rated in own if rated not in loved]
        near = [rated for rated in own if set(found[rated.place].categories) & {*taste.loves, *taste.likes}]
        assert len(near) > 0.8 * len(own), taste.label
        assert mean(loved) > mean(others) + 0.2, taste.label
    said = Counter((found[rated.place].title, rated.text) for rated in drawn if rated.text)
    assert max(said.values()) == 1


def mean(drawn: list[readers.Rated]) -> float:
    return sum(rated.rating for rated in drawn) / len(drawn)


@pytest.mark.django_db
def test_it_fills_the_catalogue_in_bulk(django_assert_max_num_queries: Any) -> None:
    people = {user.first_name.lower(): user for user in _people()}
    with django_assert_max_num_queries(25):
        catalogue.fill(people, people["mei"].date_joined)
    rows = Book.objects.annotate(writers=Count("authors", distinct=True), shelves=Count("categories", distinct=True))
    assert rows.count() == len(books.entries())
    assert set(rows.filter(writers=0).values_list("title", flat=True)) == {"Lazarillo de Tormes"}
    assert set(rows.filter(shelves=0).values_list("title", flat=True)) == catalogue.UNSORTED
    assert set(Review.objects.filter(user=None).values_list("source", flat=True)) == {"demo"}
    assert Review.objects.filter(user__is_demo=True).count() == len(readers.read().review)
    komatiite = Book.objects.get(title="Komatiite")
    assert komatiite.review_count == komatiite.reviews.count() > 3
    assert set(Book.objects.values_list("language", flat=True)) == {"en", "de", "fr", "es"}


def _people() -> list[User]:
    demo.load()
    catalogue.clear()
    return list(User.objects.filter(is_demo=True))


@pytest.mark.django_db
def test_removing_it_leaves_what_is_your_own() -> None:
    own_shelf = Category.objects.create(name="Novels")
    press = Publisher.objects.create(name="Dover")
    mine = Book.objects.create(title="Our own", isbn="9780521874748", publisher=press)
    mine.categories.add(own_shelf)
    demo.load()
    assert Book.objects.get(title="Komatiite").isbn is None
    assert Category.objects.filter(name="Novels").count() == 1
    below = Category.objects.get(name="Ore deposits")
    kept = Category.objects.create(name="Nickel", parent=below)

    demo.remove()

    assert list(Book.objects.all()) == [mine]
    assert set(Category.objects.all()) == {own_shelf, kept, below, below.parent}
    assert list(Publisher.objects.all()) == [press]
    assert not Author.objects.exists() and not Review.objects.exists()
