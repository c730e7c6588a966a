from datetime import date, datetime
from typing import Any, TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

PERSON = settings.AUTH_USER_MODEL
Moment: TypeAlias = "models.DateTimeField[datetime, datetime]"
MaybeMoment: TypeAlias = "models.DateTimeField[datetime | None, datetime | None]"


def today() -> date:
    return timezone.now().date()


class Recommender(models.Model):
    """One training: its rows are those that lists are made of while it is the current one."""

    class State(models.TextChoices):
        TRAINING = "training"
        READY = "ready"
        FAILED = "failed"

    state = models.CharField(max_length=8, choices=State, default=State.TRAINING)
    is_current = models.BooleanField(default=False)
    started_at: Moment = models.DateTimeField(default=timezone.now)
    ended_at: MaybeMoment = models.DateTimeField(null=True)
    # How many readers, books and signals it learnt from, and how long it took.
    figures: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    # What is in demand, the most first, as `sparse.to_bytes` writes it.
    demand = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_current"], condition=Q(is_current=True), name="recommender_current"),
            models.CheckConstraint(condition=Q(is_current=False) | Q(state="ready"), name="recommender_current_ready"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name of the model, as readers of the API see it."""
        return f"blend-{self.pk}"


class RecommenderRow(models.Model):
    """Where a book points to in one training: by readers' habits, by neighbours, by its text."""

    recommender = models.ForeignKey(Recommender, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    book = models.ForeignKey("library.Book", on_delete=models.CASCADE, related_name="+")
    # The number of the first of its near-duplicates, often itself.
    kind = models.PositiveIntegerField()
    # The most specific of its categories, for reasons.
    category = models.ForeignKey("library.Category", null=True, on_delete=models.SET_NULL, related_name="+")
    links = models.BinaryField()
    near = models.BinaryField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recommender", "book"], name="recommender_row_book"),
            models.UniqueConstraint(fields=["recommender", "number"], name="recommender_row_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.recommender_id}"


class Showing(models.Model):
    """A book that was recommended to a reader on a day, and what became of it."""

    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+", db_index=False)
    book = models.ForeignKey("library.Book", on_delete=models.CASCADE, related_name="+")
    day = models.DateField(default=today)
    variant = models.CharField(max_length=20)
    model = models.CharField(max_length=40)
    shown_at: Moment = models.DateTimeField(default=timezone.now)
    clicked_at: MaybeMoment = models.DateTimeField(null=True)
    ordered_at: MaybeMoment = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "book", "day"], name="showing_once_a_day")]
        indexes = [models.Index(fields=["day"], name="showing_day")]

    def __str__(self) -> str:
        return f"{self.book_id} for {self.user_id}"


class Dismissal(models.Model):
    """A book that a reader does not want to be recommended."""

    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+", db_index=False)
    book = models.ForeignKey("library.Book", on_delete=models.CASCADE, related_name="+")
    created_at: Moment = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "book"], name="dismissal_once")]

    def __str__(self) -> str:
        return f"{self.user_id} does not want {self.book_id}"
