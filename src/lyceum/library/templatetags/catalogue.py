"""Books as pages show them: covers, prices, years, languages and what is left of them."""

from decimal import Decimal

from django import template
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from lyceum.core.templatetags.lyceum import icon
from lyceum.library import covers
from lyceum.library.models import Book, Category
from lyceum.library.pages.facets import Choice
from lyceum.library.pages.questions import Question
from lyceum.library.recommendations.intervals import Rate

register = template.Library()
SYMBOLS = {"EUR": "€", "USD": "US$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "GBP": "£", "CHF": "CHF ", "JPY": "¥"}


@register.simple_tag
def cover(book: Book, eager: bool = False) -> SafeString:
    """Show the uploaded picture, or the drawn one as part of the page, where it has the page's letters.

    The title stands beside it, so it says nothing to a screen reader.
    """
    if not book.cover:
        # Drawn by ourselves from escaped text.
        return format_html('<span class="cover" aria-hidden="true">{}</span>', mark_safe(covers.draw(book)))  # noqa: S308
    loading = "eager" if eager else "lazy"
    return format_html('<img class="cover" src="{}" alt="" loading="{}">', covers.url_of(book), loading)


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """Return a price as people write it; what is not sold here has none."""
    if amount is None:
        return ""
    if not amount:
        return _("Free")
    return f"{SYMBOLS.get(currency, f'{currency} ')}{number_format(amount, 2)}"


@register.filter
def rate(found: Rate) -> str:
    """Return a share in percent with its interval; a dash where nothing was tried."""
    if found.value is None or found.low is None or found.high is None:
        return "–"
    value, low, high = (number_format(100 * part, 1) for part in (found.value, found.low, found.high))
    return f"{value} % ({low}–{high})"


@register.filter
def year(value: int | None) -> str:
    if value is None:
        return ""
    return str(value) if value > 0 else _("%d BC") % -value


@register.filter
def language(code: str) -> str:
    """Return the name of a language, or its code where nobody has a name for it."""
    try:
        return str(get_language_info(code.lower())["name_translated"])
    except KeyError:
        return code


@register.filter
def isbn(digits: str) -> str:
    """Set the digits apart as on a cover: the prefix, the rest, the check digit."""
    return f"{digits[:3]} {digits[3:12]} {digits[12:]}"


@register.simple_tag
def stock(book: Book) -> SafeString | str:
    """Say whether a book can be had; the words say it, the shape only repeats them."""
    if book.status == Book.Status.AVAILABLE and book.price is None:
        return format_html('<span class="badge">{}</span>', _("Not for sale"))
    if book.status != Book.Status.AVAILABLE:
        return format_html('<span class="badge">{}</span>', STATUS_WORDS[Book.Status(book.status)]())
    if book.stock_state == Book.StockState.OUT_OF_STOCK:
        return format_html('<span class="dot dot-bad">{}</span>', _("Out of stock"))
    if book.stock_state == Book.StockState.LOW_STOCK:
        words = ngettext("%d left", "%d left", book.stock) % book.stock
        return format_html('<span class="dot dot-warn">{}</span>', words)
    return format_html('<span class="dot">{}</span>', _("In stock"))


STATUS_WORDS = {
    Book.Status.DRAFT: lambda: _("Draft"),
    Book.Status.FORTHCOMING: lambda: _("Not out yet"),
    Book.Status.OUT_OF_PRINT: lambda: _("Out of print"),
    Book.Status.WITHDRAWN: lambda: _("Withdrawn"),
}


@register.simple_tag
def stars(rating: int) -> SafeString:
    """Show a reader's rating as five stars, and say it in words."""
    drawn = format_html_join("", "{}", [(icon("star"),)] * 5)
    words = _("%d of 5") % rating
    return format_html(
        '<span class="stars" data-rating="{}" role="img" aria-label="{}">{}</span>', rating, words, drawn
    )


@register.simple_tag
def page_address(asked: Question, page: int) -> str:
    return reverse("library:search") + asked.address(page=page)


@register.filter
def has_chosen(choices: list[Choice]) -> bool:
    return any(choice.is_chosen or has_chosen(choice.below) for choice in choices)


@register.filter
def is_in(row: Category, values: list[str]) -> bool:
    return str(row.pk) in values


@register.filter
def any_in(rows: list[Category], values: list[str]) -> bool:
    return any(str(row.pk) in values for row in rows)


@register.filter
def share(score: float) -> int:
    """Return a share of one as so many in a hundred."""
    return round(100 * score)
