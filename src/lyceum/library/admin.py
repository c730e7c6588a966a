"""The catalogue behind the scenes: kept by the same services as over the API, so that the index hears of it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from lyceum.core.errors import DomainError
from lyceum.core.staff_admin import LookOnly, StaffAdmin, StaffRows
from lyceum.library import books, fields, names, reviews, suggestions
from lyceum.library.models import (
    PUBLIC_STATUSES,
    Author,
    Book,
    BookAuthor,
    BookOrigin,
    Category,
    CategorySuggestion,
    Keyed,
    Publisher,
    Review,
    key_of,
)
from lyceum.library.orders import admin as order_admin  # noqa: F401  # Django looks here for all of them


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """Saves only over the state that was looked at."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def clean_seen_version(self) -> None:
        is_new = self.instance._state.adding
        if not is_new and self.cleaned_data["seen_version"] != self.instance.version:
            raise ValidationError(_("This was changed meanwhile. Open the page again."))


class BookForm(SeenForm):
    def clean_isbn(self) -> str | None:
        return _checked(fields.Isbn(allow_blank=True), self.cleaned_data["isbn"] or "")  # type: ignore[no-any-return]

    def clean_currency(self) -> str:
        return str(_checked(fields.Currency(), self.cleaned_data["currency"]))

    def clean_language(self) -> str:
        return str(_checked(fields.Language(allow_blank=True, max_length=10), self.cleaned_data["language"]))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        day, year = found.get("publication_date"), found.get("publication_year")
        if day is not None and year not in (None, day.year, self.instance.publication_year):
            raise ValidationError({"publication_year": _("This is not the year of the day of publication.")})
        if day is not None:
            found["publication_year"] = day.year
        return found


def _checked(field: Any, value: str) -> Any:
    """Hold what was typed against the rule of the API."""
    try:
        return field.run_validation(value)
    except serializers.ValidationError as err:
        raise ValidationError([str(each) for each in err.detail]) from err


class KeptAdmin(StaffAdmin):
    """What staff keep by hand. The row of a page that is saved is locked, so nobody else changes it until then."""

    may_add = may_change = may_delete = True
    form = SeenForm
    # Each is deleted by its own page, which says what stands under it.
    actions = None
    model: Any

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        return self.model._default_manager.select_for_update(of=("self",)).get(pk=found.pk)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # As names are compared: without case and accents.
        return super().get_search_results(request, queryset, key_of(search_term))


class AuthorRow(StaffRows):
    model = BookAuthor
    fields = ("author", "place")
    autocomplete_fields = ("author",)
    may_add = may_change = may_delete = True


class OriginRow(StaffRows):
    model = BookOrigin
    fields = readonly_fields = ("source", "key")


@admin.register(Book)
class BookAdmin(KeptAdmin):
    form = BookForm
    list_display = ("title", "isbn", "publisher", "price", "stock", "status", "average_rating", "review_count")
    list_select_related = ("publisher",)
    list_filter = ("status", "language")
    search_fields = ("title_key__startswith", "isbn__exact")
    search_help_text = gettext_lazy("The beginning of a title, or a whole ISBN.")
    ordering = ("-id",)
    autocomplete_fields = ("publisher", "categories")
    inlines = (AuthorRow, OriginRow)
    fields = (
        "title",
        "subtitle",
        "isbn",
        "description",
        "publisher",
        "categories",
        "price",
        "currency",
        "status",
        "stock",
        "pages",
        "publication_date",
        "publication_year",
        "language",
        "seen_version",
        "average_rating",
        "review_count",
        "created_at",
        "updated_at",
        "id",
    )
    readonly_fields = ("average_rating", "review_count", "created_at", "updated_at", "id")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # What it was before the form is filled in.
        request.was_public = obj is not None and obj.status in PUBLIC_STATUSES  # type: ignore[attr-defined]
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, book: Book, form: Any, change: bool) -> None:
        books.save(book)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            books.tell_created(form.instance, actor=request.user)
            return
        changed = {*form.changed_data} | ({"authors"} if any(one.has_changed() for one in formsets) else set())
        was_public: bool = request.was_public  # type: ignore[attr-defined]
        books.tell_changed(form.instance, actor=request.user, was_public=was_public, fields=changed)

    def delete_model(self, request: HttpRequest, book: Book) -> None:
        books.delete_book(book.pk, actor=request.user)


class NameAdmin(KeptAdmin):
    """Authors, publishers and categories."""

    search_fields = ("name_key",)
    ordering = ("name_key", "pk")
    readonly_fields = ("created_at", "updated_at", "id")

    def save_model(self, request: HttpRequest, row: Keyed, form: Any, change: bool) -> None:
        if change:
            names.put(row, actor=request.user, fields=form.changed_data)
        else:
            names.add(row, actor=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Nothing is deleted that something stands under.
        return super().has_delete_permission(request, obj) and (obj is None or not names.is_used(obj))

    def delete_model(self, request: HttpRequest, row: Keyed) -> None:
        names.delete(type(row), row.pk, actor=request.user)


class NameForm(SeenForm):
    def clean(self) -> dict[str, Any]:
        """Say in the form what the service would refuse."""
        found = super().clean() or {}
        try:
            names.check(self._built())
        except DomainError as err:
            raise ValidationError([error.detail for error in err.errors] or err.detail) from err
        return found

    def _built(self) -> Keyed:
        for name, value in self.cleaned_data.items():
            if name != "seen_version":
                setattr(self.instance, name, value)
        return self.instance  # type: ignore[no-any-return]


@admin.register(Author)
class AuthorAdmin(NameAdmin):
    list_display = ("full_name", "first_name", "last_name")
    fields = ("first_name", "last_name", "seen_version", "created_at", "updated_at", "id")


@admin.register(Publisher)
class PublisherAdmin(NameAdmin):
    form = NameForm
    list_display = ("name",)
    fields = ("name", "seen_version", "created_at", "updated_at", "id")


@admin.register(Category)
class CategoryAdmin(NameAdmin):
    form = NameForm
    list_display = ("name", "parent")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    fields = ("name", "parent", "seen_version", "created_at", "updated_at", "id")


@admin.register(CategorySuggestion)
class CategorySuggestionAdmin(StaffAdmin):
    """What is suggested for books without a category; taken or refused for several at once."""

    actions = ("accept", "refuse")
    list_display = ("book", "category", "score", "created_at")
    list_display_links = None
    list_select_related = ("book", "category")
    ordering = ("-score", "pk")
    fields = readonly_fields = ("book", "category", "score", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CategorySuggestion]:
        return suggestions.open_suggestions()

    @admin.action(description=gettext_lazy("Put the books there"))
    def accept(self, request: HttpRequest, rows: QuerySet[CategorySuggestion]) -> None:
        # The surest for each book decides.
        for row_id in dict(rows.order_by("score").values_list("book_id", "pk")).values():
            suggestions.accept(row_id, actor=request.user)
        messages.success(request, _("The books stand there now."))

    @admin.action(description=gettext_lazy("They do not belong there"))
    def refuse(self, request: HttpRequest, rows: QuerySet[CategorySuggestion]) -> None:
        for row in rows:
            suggestions.refuse(row.pk, actor=request.user)
        messages.success(request, _("This is not suggested again."))


@admin.register(Review)
class ReviewAdmin(LookOnly):
    """Reviews are their readers'; staff take away what must not stand."""

    may_delete = True
    list_display = ("book", "reader_name", "rating", "created_at")
    list_select_related = ("book", "user")
    list_filter = ("rating", "source")
    search_fields = ("book__title_key__startswith", "user__name_key__startswith", "id__exact")
    search_help_text = gettext_lazy("The beginning of a title or of a reader's name.")
    ordering = ("-id",)
    fields = ("book", "reader_name", "source", "rating", "text", "created_at", "updated_at", "id")

    @admin.display(description=gettext_lazy("reader"))
    def reader_name(self, row: Review) -> str:
        return row.reader or str(row.user)

    def delete_model(self, request: HttpRequest, row: Review) -> None:
        reviews.delete_review(request.user, row.pk, book_id=row.book_id)
