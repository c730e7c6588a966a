from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.db import connection, connections

from lyceum.library.models import Book, Review
from lyceum.library.orders import carts, services
from lyceum.library.recommendations import gathering, sparse, training, versions
from lyceum.library.recommendations.errors import NoEarlierModel, TrainingRuns
from lyceum.library.recommendations.models import Recommender, RecommenderRow, Showing
from lyceum.library.testing import make_book

pytestmark = pytest.mark.django_db
Catalogue = dict[str, list[Book]]


def test_signals_come_of_ratings_orders_and_clicks(
    alice: Any, bob: Any, django_capture_on_commit_callbacks: Any
) -> None:
    liked, disliked, bought, looked, untouched = (make_book(f"Book {n}") for n in range(5))
    Review.objects.create(book=liked, user=alice, rating=5)
    Review.objects.create(book=disliked, user=alice, rating=1)
    Review.objects.create(book=liked, source="elsewhere", reader="alice", rating=3)
    carts.add(alice, bought.pk, 1)
    services.place_order(alice, key="one")
    Showing.objects.create(user=bob, book=looked, variant="recent", model="x", clicked_at=datetime.now(UTC))
    Showing.objects.create(user=bob, book=untouched, variant="recent", model="x")

    books = gathering.shelf_books()
    found = gathering.signals(books)
    pairs = zip(found.items, found.strengths, strict=True)
    got = sorted((books[item], round(float(strength), 2)) for item, strength in pairs)
    assert got == sorted([(liked.pk, 1.0), (liked.pk, 0.5), (bought.pk, 1.0), (looked.pk, 0.2)])
    assert found.reader_count == 3


def test_a_low_rating_takes_away_what_an_order_said(alice: Any) -> None:
    book = make_book("Bought and disliked")
    carts.add(alice, book.pk, 1)
    services.place_order(alice, key="one")
    Review.objects.create(book=book, user=alice, rating=2)
    assert len(gathering.signals(gathering.shelf_books())) == 0


def test_a_training_stores_a_row_for_each_book_that_readers_see(catalogue: Catalogue) -> None:
    make_book("A draft", status=Book.Status.DRAFT)
    made = versions.train()
    assert (made.state, made.is_current) == ("ready", True)
    assert made.figures["books"] == made.rows.count() == 16
    assert made.figures["signals"] == Review.objects.count()
    row = RecommenderRow.objects.get(recommender=made, book=catalogue["Geology"][0])
    near, _ = sparse.from_bytes(bytes(row.near))
    shelf = {book.pk for book in catalogue["Geology"]}
    assert {one.book_id for one in made.rows.filter(number__in=near.tolist())} <= shelf
    assert row.category is not None
    assert row.category.name == "Geology"


def test_the_last_good_training_is_kept_and_can_be_gone_back_to(catalogue: Catalogue) -> None:
    first, second, third = (versions.train() for _ in range(3))
    assert list(Recommender.objects.order_by("pk")) == [second, third]
    assert not RecommenderRow.objects.filter(recommender=first.pk).exists()

    assert versions.go_back() == second
    assert versions.current() == second
    assert second.rows.count() == 16
    with pytest.raises(NoEarlierModel):
        versions.go_back()
    assert versions.current() == second


def test_a_failed_training_changes_nothing_of_the_current_one(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = versions.train()
    real = training.train

    def broken(*arguments: Any, **options: Any) -> Any:
        models = real(*arguments, **options)
        models.links.weights[0, 0] = np.nan
        return models

    monkeypatch.setattr(training, "train", broken)
    with pytest.raises(ArithmeticError):
        versions.train()
    assert versions.current() == good
    assert RecommenderRow.objects.exclude(recommender=good).count() == 0
    assert Recommender.objects.exclude(pk=good.pk).get().state == "failed"


def test_what_a_killed_training_left_is_taken_away_by_the_next(catalogue: Catalogue) -> None:
    left = Recommender.objects.create()
    RecommenderRow.objects.create(recommender=left, number=0, book=catalogue["Geology"][0], kind=0)
    made = versions.train()
    assert versions.current() == made
    assert not Recommender.objects.filter(pk=left.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_trainings_do_not_run_at_once() -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [versions.LOCK])
        with pytest.raises(TrainingRuns):
            versions.train()
    finally:
        with other.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [versions.LOCK])
        other.close()
    assert versions.train().is_current
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and objid = %s", [versions.LOCK])
        assert cursor.fetchone() == (0,)


def test_an_empty_library_trains_too(db: None) -> None:
    assert versions.train().figures["books"] == 0
