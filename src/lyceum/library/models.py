from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Ln, NullIf, Round
from django.utils import timezone

from lyceum.core.folding import fold
from lyceum.core.ids import uuid7
from lyceum.library.orders import models as order_models  # noqa: F401  # Django looks here for all of them
from lyceum.library.recommendations import models as recommendation_models  # noqa: F401

Moment: TypeAlias = "models.DateTimeField[datetime, datetime]"
KEY_LENGTH = 300
# As if five readers had given a middling mark: one five does not outrank a hundred fours.
PRIOR_COUNT, PRIOR_RATING = 5.0, 3.5
LOW_STOCK = 5


def key_of(name: str) -> str:
    """Return the form in which names and titles are compared and sorted."""
    return fold(" ".join(name.split()))[:KEY_LENGTH]


class Keyed(models.Model):
    """What is known by a name: kept beside it in the form that is compared."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name_key = models.CharField(max_length=KEY_LENGTH, editable=False)
    created_at: Moment = models.DateTimeField(default=timezone.now)
    updated_at: Moment = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    is_demo = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, **options: Any) -> None:
        self.name_key = key_of(self.full_name)
        if options.get("update_fields") is not None:
            options["update_fields"] = {*options["update_fields"], "name_key"}
        super().save(*args, **options)

    @property
    def full_name(self) -> str:
        raise NotImplementedError


class Author(Keyed):
    """Somebody who wrote books; two of one name are two rows."""

    first_name = models.CharField(max_length=150, default="")
    last_name = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index(fields=["name_key", "id"], name="author_name")]

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Publisher(Keyed):
    """Who publishes books."""

    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name_key"], name="publisher_name_once")]

    @property
    def full_name(self) -> str:
        return self.name


class Category(Keyed):
    """A shelf of the catalogue; within another one, or at the top."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["parent", "name_key"], nulls_distinct=False, name="category_name_once"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="category_not_in_itself"),
        ]

    @property
    def full_name(self) -> str:
        return self.name


class Book(models.Model):
    """A title of the catalogue, with what is in stock of it.

    `rating_sum` and `review_count` follow the reviews by a trigger of the database, whatever changes them; the average
    and the popularity are made of these two.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        FORTHCOMING = "forthcoming"
        AVAILABLE = "available"
        OUT_OF_PRINT = "out_of_print"
        WITHDRAWN = "withdrawn"

    class StockState(models.TextChoices):
        IN_STOCK = "in_stock"
        LOW_STOCK = "low_stock"
        OUT_OF_STOCK = "out_of_stock"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=500)
    title_key = models.CharField(max_length=KEY_LENGTH, editable=False)
    subtitle = models.CharField(max_length=500, default="", blank=True)
    # Thirteen digits; null where there is none, which stands out of the unique rule.
    isbn = models.CharField(max_length=13, null=True, blank=True, unique=True)
    description = models.TextField(default="", blank=True)
    authors: "models.ManyToManyField[Author, BookAuthor]" = models.ManyToManyField(
        Author, through="BookAuthor", related_name="books"
    )
    publisher = models.ForeignKey(Publisher, null=True, blank=True, on_delete=models.SET_NULL, related_name="books")
    categories = models.ManyToManyField(Category, blank=True, related_name="books")
    # Null for what is not sold here.
    price: "models.DecimalField[Decimal | None, Decimal | None]" = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(max_length=3, default="EUR")
    status = models.CharField(max_length=12, choices=Status, default=Status.AVAILABLE)
    stock = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(null=True, blank=True)
    # The day where it is known; of old books and in many catalogues only the year is, which may be before our era.
    publication_date: "models.DateField[date | None, date | None]" = models.DateField(null=True, blank=True)
    publication_year = models.SmallIntegerField(null=True, blank=True)
    # As in `lang` attributes; empty where nobody said.
    language = models.CharField(max_length=10, default="", blank=True)
    # The generated name of an uploaded picture's file, without folder and ending; empty where one is drawn.
    cover = models.CharField(max_length=32, default="", blank=True, editable=False)
    is_demo = models.BooleanField(default=False, db_default=False, editable=False)
    rating_sum = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    review_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    average_rating = models.GeneratedField(
        expression=Round(
            Cast(F("rating_sum"), models.DecimalField(max_digits=12, decimal_places=4))
            / NullIf(F("review_count"), Value(0)),
            2,
        ),
        output_field=models.DecimalField(max_digits=3, decimal_places=2, null=True),
        db_persist=True,
    )
    popularity = models.GeneratedField(
        expression=Ln(Cast(F("review_count"), models.FloatField()) + 1.0)
        * (F("rating_sum") + PRIOR_COUNT * PRIOR_RATING)
        / (F("review_count") + PRIOR_COUNT),
        output_field=models.FloatField(),
        db_persist=True,
    )
    created_at: Moment = models.DateTimeField(default=timezone.now)
    updated_at: Moment = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stock__gte=0), name="book_stock_not_negative"),
            models.CheckConstraint(condition=Q(price__gte=0), name="book_price_not_negative"),
            models.CheckConstraint(condition=Q(isbn__regex=r"^97[89][0-9]{10}$"), name="book_isbn_thirteen"),
            models.CheckConstraint(
                condition=Q(publication_date=None) | Q(publication_date__year=F("publication_year")),
                name="book_year_of_date",
            ),
        ]
        indexes = [
            models.Index(fields=["title_key", "id"], name="book_title"),
            models.Index(fields=["price", "id"], name="book_price"),
            models.Index(fields=["publication_year", "id"], name="book_year"),
            models.Index(fields=["average_rating", "id"], name="book_rating"),
            models.Index(fields=["popularity", "id"], name="book_popularity"),
            models.Index(fields=["created_at", "id"], name="book_newest"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **options: Any) -> None:
        self.title_key = key_of(self.title)
        if options.get("update_fields") is not None:
            options["update_fields"] = {*options["update_fields"], "title_key"}
        super().save(*args, **options)

    @property
    def author(self) -> str:
        """The full names of its authors, in the order of its cover."""
        return ", ".join(link.author.full_name for link in self.authorships.all())

    @property
    def stock_state(self) -> str:
        if self.stock == 0:
            return self.StockState.OUT_OF_STOCK.value
        return (self.StockState.LOW_STOCK if self.stock <= LOW_STOCK else self.StockState.IN_STOCK).value

    @property
    def is_orderable(self) -> bool:
        return self.status == self.Status.AVAILABLE and self.price is not None and self.stock > 0


# Who reads the catalogue sees these; the others only who keeps it.
PUBLIC_STATUSES = (Book.Status.FORTHCOMING, Book.Status.AVAILABLE, Book.Status.OUT_OF_PRINT)


class BookAuthor(models.Model):
    """An author of a book, at their place on its cover."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="authorships", db_index=False)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="authorships")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["book", "author"], name="book_author_once")]

    def __str__(self) -> str:
        return f"{self.author_id} wrote {self.book_id}"


class BookOrigin(models.Model):
    """The number that a book has in a catalogue from which it was brought along."""

    source = models.CharField(max_length=50)
    key = models.CharField(max_length=100)
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="origins")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="book_origin_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class CategorySuggestion(models.Model):
    """A category in which a book without any may belong, and how likely; staff take it or refuse it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="suggestions", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    is_refused = models.BooleanField(default=False, db_default=False)
    created_at: Moment = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "category"], name="category_suggestion_once")]

    def __str__(self) -> str:
        return f"{self.category_id} for {self.book_id}"


class Review(models.Model):
    """What a reader thinks of a book: a rating of 1 to 5, and a text where they wrote one.

    The reader is somebody with an account, or one of another place whose ratings were brought along: `source` says
    which place, `reader` who it was there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="reviews")
    source = models.CharField(max_length=50, default="")
    reader = models.CharField(max_length=100, default="")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(default="", blank=True)
    created_at: Moment = models.DateTimeField(default=timezone.now)
    updated_at: Moment = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "user"], condition=Q(user__isnull=False), name="review_once_for_user"
            ),
            models.UniqueConstraint(
                fields=["source", "reader", "book"], condition=Q(user__isnull=True), name="review_once_for_reader"
            ),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_one_to_five"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, source="", reader="")
                | (Q(user__isnull=True) & ~Q(source="") & ~Q(reader="")),
                name="review_of_one_reader",
            ),
        ]
        indexes = [models.Index(fields=["book", "created_at", "id"], name="review_newest")]

    def __str__(self) -> str:
        return f"{self.rating} for {self.book_id}"
