from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import Body, StrictChoice, StrictInteger, StrictText, StrictUUID
from lyceum.library import fields
from lyceum.library.models import Book

MOST_STOCK = 2**31 - 1
LONGEST_TEXT = 20_000


class Ids(serializers.ListField):
    child = StrictUUID()

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=50, **options)


class BookPatch(Body):
    example = {"price": "24.90", "stock": 12}
    title = StrictText(required=False, max_length=500)
    subtitle = StrictText(required=False, max_length=500, allow_blank=True)
    isbn = fields.Isbn(required=False, allow_blank=True, allow_null=True)
    description = StrictText(required=False, max_length=LONGEST_TEXT, allow_blank=True)
    authors = Ids(required=False)
    publisher = StrictUUID(required=False, allow_null=True, source="publisher_id")
    categories = Ids(required=False)
    price = fields.Price(required=False, allow_null=True)
    currency = fields.Currency(required=False)
    status = StrictChoice(choices=Book.Status.values, required=False)
    stock = StrictInteger(required=False, min_value=0, max_value=MOST_STOCK)
    pages = StrictInteger(required=False, allow_null=True, min_value=1, max_value=100_000)
    publication_date = fields.Day(required=False, allow_null=True)
    publication_year = StrictInteger(
        required=False, allow_null=True, min_value=fields.EARLIEST_YEAR, max_value=fields.LATEST_YEAR
    )
    language = fields.Language(required=False, allow_blank=True, max_length=10)


class BookBody(BookPatch):
    example = {"title": "Ore deposits of the world", "isbn": "978-0-306-40615-7", "price": "49.00", "stock": 3}
    title = StrictText(max_length=500)


class CoverBody(Body):
    file = serializers.FileField()


class AuthorBody(Body):
    example = {"first_name": "Ursula K.", "last_name": "Le Guin"}
    first_name = StrictText(required=False, max_length=150, allow_blank=True)
    last_name = StrictText(max_length=150)


class AuthorPatch(Body):
    first_name = StrictText(required=False, max_length=150, allow_blank=True)
    last_name = StrictText(required=False, max_length=150)


class PublisherBody(Body):
    example = {"name": "Field Press"}
    name = StrictText(max_length=200)


# `parent` is the contract's name, also REST framework's.
class CategoryBody(Body):
    example = {"name": "Geology"}
    name = StrictText(max_length=100)
    parent = StrictUUID(required=False, allow_null=True, source="parent_id")  # type: ignore[assignment]


class CategoryPatch(Body):
    name = StrictText(required=False, max_length=100)
    parent = StrictUUID(required=False, allow_null=True, source="parent_id")  # type: ignore[assignment]


class ReviewBody(Body):
    example = {"rating": 4, "text": "The maps alone are worth it."}
    rating = StrictInteger(min_value=1, max_value=5)
    text = StrictText(required=False, max_length=LONGEST_TEXT, allow_blank=True)


class ReviewPatch(Body):
    rating = StrictInteger(required=False, min_value=1, max_value=5)
    text = StrictText(required=False, max_length=LONGEST_TEXT, allow_blank=True)


class AuthorView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    full_name = serializers.CharField()


class NameView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class CategoryView(NameView):
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]


class BookView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    isbn = serializers.CharField(allow_null=True)
    description = serializers.CharField()
    authors = AuthorView(many=True)
    author = serializers.CharField(help_text="The full names of the authors, joined.")
    publisher = NameView(allow_null=True)
    categories = NameView(many=True)
    price = serializers.CharField(allow_null=True, help_text="A decimal; null for what is not sold here.")
    currency = serializers.CharField()
    status = serializers.ChoiceField(Book.Status.values)
    stock_state = serializers.ChoiceField(Book.StockState.values)
    stock = serializers.IntegerField(required=False, help_text="For staff.")
    pages = serializers.IntegerField(allow_null=True)
    publication_date = serializers.DateField(allow_null=True, help_text="Null where only the year is known.")
    publication_year = serializers.IntegerField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    cover = serializers.CharField(help_text="Address of a picture; one is drawn where none was uploaded.")
    average_rating = serializers.FloatField(allow_null=True, help_text="Null without reviews.")
    review_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class Numbered(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()


class BookPage(Numbered):
    results = BookView(many=True)


class AuthorPage(Numbered):
    results = AuthorView(many=True)


class PublisherPage(Numbered):
    results = NameView(many=True)


class CategoryPage(Numbered):
    results = CategoryView(many=True)


class TitleView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()


class SuggestionView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    book = TitleView()
    category = NameView()
    score = serializers.FloatField(help_text="How likely, from 0 to 1.")
    created_at = serializers.DateTimeField()


class SuggestionPage(Numbered):
    results = SuggestionView(many=True)


class SuggestionJob(serializers.Serializer[Any]):
    job = serializers.IntegerField()


class ReaderView(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()


class ReviewView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    book = serializers.UUIDField()
    reader = ReaderView()
    # The name is taken by where a field's value comes from, which an instance never mixes up.
    source = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="The place that a rating was brought along from; null for people with an account."
    )
    rating = serializers.IntegerField()
    text = serializers.CharField()
    mine = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ReviewPage(serializers.Serializer[Any]):
    results = ReviewView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class HitView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    author = serializers.CharField()
    price = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    average_rating = serializers.FloatField(allow_null=True)
    review_count = serializers.IntegerField()
    categories = NameView(many=True)
    score = serializers.FloatField(help_text="Comparable within one answer.")
    highlights = serializers.DictField(
        child=serializers.CharField(), help_text="By field: safe HTML in which nothing but `<mark>` is markup."
    )


class CategoryCount(NameView):
    count = serializers.IntegerField()


# `from` is a word that Python keeps for itself.
PriceCount = type(
    "PriceCount",
    (serializers.Serializer,),
    {
        "range": serializers.CharField(),
        "from": serializers.FloatField(help_text="Inclusive."),
        "to": serializers.FloatField(allow_null=True, help_text="Exclusive; null for all above."),
        "count": serializers.IntegerField(),
        "__module__": __name__,
    },
)


class RatingCount(serializers.Serializer[Any]):
    rating = serializers.IntegerField(help_text="Books with this average and better.")
    count = serializers.IntegerField()


class LanguageCount(serializers.Serializer[Any]):
    language = serializers.CharField()
    count = serializers.IntegerField()


class YearCount(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    count = serializers.IntegerField()


class FacetsView(serializers.Serializer[Any]):
    categories = CategoryCount(many=True)
    price_ranges = PriceCount(many=True)
    ratings = RatingCount(many=True)
    languages = LanguageCount(many=True)
    years = YearCount(many=True)


class SearchView(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    page = serializers.IntegerField()
    size = serializers.IntegerField()
    results = HitView(many=True)
    facets = FacetsView(help_text="Each counted under the other filters: a facet does not filter itself.")
    cursor = serializers.CharField(allow_null=True, help_text="Goes on behind the last result; null at the end.")
    did_you_mean = serializers.CharField(required=False)
    took = serializers.FloatField(help_text="Milliseconds.")
