"""Trainings: stored beside the current one, switched to in one step, the last good one kept to go back to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from lyceum.library.recommendations import gathering, sparse, training
from lyceum.library.recommendations.errors import NoEarlierModel, TrainingRuns
from lyceum.library.recommendations.models import Recommender, RecommenderRow
from lyceum.library.recommendations.training import Models

LOCK = 0x7A57E
AT_ONCE = 1000
IN_DEMAND = 150
KEPT = 2
Tell = Callable[[str, float], None]


def train(tell: Tell = lambda part, done: None) -> Recommender:
    """Learn from all that readers did until now, and switch to it; raises TrainingRuns beside another training.

    Nothing of the current one changes before the new one is whole.
    """
    with _alone():
        _give_up_left_ones()
        made = Recommender.objects.create()
        try:
            _fill(made, tell)
        except BaseException:
            _fail(made)
            raise
        _switch_to(made)
        _forget_older()
    return made


def go_back() -> Recommender:
    """Switch to the training before the current one; raises NoEarlierModel."""
    with _alone(), transaction.atomic():
        current = Recommender.objects.filter(is_current=True).first()
        ready = Recommender.objects.filter(state=Recommender.State.READY).order_by("-pk")
        earlier = ready.filter(pk__lt=current.pk).first() if current else None
        if current is None or earlier is None:
            raise NoEarlierModel
        _switch_to(earlier)
        # What was gone back from is not gone back to.
        _drop([current.pk])
    return earlier


def current() -> Recommender | None:
    return Recommender.objects.filter(is_current=True).first()


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise TrainingRuns
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def _fill(made: Recommender, tell: Tell) -> None:
    started = perf_counter()
    books = gathering.shelf_books()
    signals, texts = gathering.signals(books), gathering.texts(books)
    tell("read", 1.0)
    master = settings.RECOMMENDATION_SPARK_MASTER
    models = training.train(signals, texts, now=timezone.now().timestamp(), tell=tell, master=master)
    _check(models)
    _store(made, models, books, tell)
    made.figures = {
        "books": len(books),
        "readers": signals.reader_count,
        "signals": len(signals),
        "seconds": round(perf_counter() - started, 1),
    }


def _check(models: Models) -> None:
    """Refuse figures that a fault of arithmetic made; they would make every list senseless."""
    if not all(np.isfinite(rows.weights).all() for rows in (models.links, models.near, models.content)):
        raise ArithmeticError("The training gave weights that are no numbers.")


def _store(made: Recommender, models: Models, books: list[UUID], tell: Tell) -> None:
    for start in range(0, len(books), AT_ONCE):
        part = books[start : start + AT_ONCE]
        categories = gathering.main_categories(part)
        RecommenderRow.objects.bulk_create(
            RecommenderRow(
                recommender=made,
                number=start + place,
                book_id=book,
                kind=int(models.kinds[start + place]),
                category_id=categories.get(book),
                links=sparse.to_bytes(*models.links.row(start + place)),
                near=sparse.to_bytes(*models.near.row(start + place)),
                content=sparse.to_bytes(*models.content.row(start + place)),
            )
            for place, book in enumerate(part)
        )
        tell("stored", min(1.0, (start + AT_ONCE) / len(books)))
    best = np.argsort(-models.demand, kind="stable")[:IN_DEMAND]
    best = best[models.demand[best] > 0]
    made.demand = sparse.to_bytes(np.asarray(best, np.int32), models.demand[best])


@transaction.atomic
def _switch_to(made: Recommender) -> None:
    Recommender.objects.filter(is_current=True).exclude(pk=made.pk).update(is_current=False)
    made.state, made.is_current = Recommender.State.READY, True
    made.ended_at = made.ended_at or timezone.now()
    made.save()


def _forget_older() -> None:
    kept = Recommender.objects.filter(state=Recommender.State.READY).order_by("-pk").values_list("pk", flat=True)
    _drop(list(Recommender.objects.exclude(pk__in=list(kept[:KEPT])).values_list("pk", flat=True)))


def _give_up_left_ones() -> None:
    """Let go of trainings whose process was killed: nobody else can be at work under the lock."""
    for left in Recommender.objects.filter(state=Recommender.State.TRAINING):
        _fail(left)


def _fail(made: Recommender) -> None:
    RecommenderRow.objects.filter(recommender=made).delete()
    Recommender.objects.filter(pk=made.pk).update(state=Recommender.State.FAILED, ended_at=timezone.now())


def _drop(numbers: list[int]) -> None:
    RecommenderRow.objects.filter(recommender__in=numbers).delete()
    Recommender.objects.filter(pk__in=numbers).delete()
