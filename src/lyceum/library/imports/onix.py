"""Books in ONIX for Books 3, with its reference names or its short ones."""

import html
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import nh3

from lyceum.core.errors import Invalid
from lyceum.library.imports import entries, xml
from lyceum.library.imports.entries import Entry, Refused, Row
from lyceum.library.imports.xml import Part
from lyceum.library.models import Book

# The short names of what is read here.
SHORT = {
    "product": "Product", "a001": "RecordReference", "a002": "NotificationType",
    "productidentifier": "ProductIdentifier", "b221": "ProductIDType", "b244": "IDValue",
    "descriptivedetail": "DescriptiveDetail", "titledetail": "TitleDetail", "b202": "TitleType",
    "titleelement": "TitleElement", "x409": "TitleElementLevel", "b203": "TitleText", "b030": "TitlePrefix",
    "b031": "TitleWithoutPrefix", "b029": "Subtitle", "contributor": "Contributor", "b034": "SequenceNumber",
    "b035": "ContributorRole", "b036": "PersonName", "b037": "PersonNameInverted", "b039": "NamesBeforeKey",
    "b040": "KeyNames", "b047": "CorporateName", "language": "Language", "b253": "LanguageRole",
    "b252": "LanguageCode", "extent": "Extent", "b218": "ExtentType", "b219": "ExtentValue", "b220": "ExtentUnit",
    "subject": "Subject", "b070": "SubjectHeadingText", "collateraldetail": "CollateralDetail",
    "textcontent": "TextContent", "x426": "TextType", "d104": "Text", "publishingdetail": "PublishingDetail",
    "publisher": "Publisher", "b291": "PublishingRole", "b081": "PublisherName", "b394": "PublishingStatus",
    "publishingdate": "PublishingDate", "x448": "PublishingDateRole", "b306": "Date",
    "productsupply": "ProductSupply", "supplydetail": "SupplyDetail", "stock": "Stock", "j350": "OnHand",
    "price": "Price", "x462": "PriceType", "j151": "PriceAmount", "j152": "CurrencyCode",
}  # fmt: skip
ISBN_13, GTIN, ISBN_10 = "15", "03", "02"
DELETED = "05"
STATUSES = {
    "00": None, "01": Book.Status.WITHDRAWN, "02": Book.Status.FORTHCOMING, "03": Book.Status.WITHDRAWN,
    "04": Book.Status.AVAILABLE, "06": Book.Status.OUT_OF_PRINT, "07": Book.Status.OUT_OF_PRINT,
    "08": Book.Status.WITHDRAWN, "10": Book.Status.FORTHCOMING, "11": Book.Status.WITHDRAWN,
}  # fmt: skip
# What counts the pages of a book, the best first: of its main content, in all, as printed.
PAGES = ("00", "11", "07", "05")
# Prices for readers, with tax before without.
PRICES = ("02", "04", "42", "01", "03", "41")
DESCRIPTIONS = ("03", "02")


def books(path: Path) -> Iterator[Row]:
    """Read the products of a message; raises Invalid for a file that is none."""
    try:
        with path.open("rb") as file:
            for part in xml.elements(file, "Product", "product"):
                if part.name in ("Product", "product"):
                    yield _row(_named(part))
                elif part.name.lower() != "onixmessage":
                    raise Invalid(f"{path} is no ONIX message: it begins with {part.name[:50]}.")
    except xml.Unreadable as err:
        raise Invalid(f"{path} cannot be read. {err}") from err


def _named(part: Part) -> Part:
    """Call everything by its reference name."""
    part.name = SHORT.get(part.name, part.name)
    for one in part.parts:
        _named(one)
    return part


def _row(product: Part) -> Row:
    try:
        return Row(product.line, _entry(product))
    except Refused as err:
        return Row(product.line, fault=err)


def _entry(product: Part) -> Entry:
    is_deleted = product.first("NotificationType") == DELETED
    title, subtitle = _title(product, is_needed=not is_deleted)
    day, year = _published(product)
    price, currency = _price(product)
    stock = product.first("ProductSupply", "SupplyDetail", "Stock", "OnHand")
    return Entry(
        title=title,
        key=entries.text("RecordReference", product.first("RecordReference"), 100),
        subtitle=subtitle or None,
        isbn=_isbn(product),
        description=_description(product),
        authors=_authors(product),
        publisher=_publisher(product),
        categories=_categories(product),
        price=price,
        currency=currency,
        status=Book.Status.WITHDRAWN if is_deleted else _status(product),
        stock=entries.whole("OnHand", stock, 0, entries.MOST_COPIES),
        pages=_pages(product),
        publication_date=day,
        publication_year=year,
        language=_language(product),
    )


def _isbn(product: Part) -> str | None:
    found = {one.first("ProductIDType"): one.first("IDValue") for one in product.all("ProductIdentifier")}
    for kind in (ISBN_13, GTIN, ISBN_10):
        # A number of articles may also be that of something else than a book.
        if kind in found and (kind != GTIN or found[kind].startswith(("978", "979"))):
            return entries.number(found[kind])
    return None


def _title(product: Part, *, is_needed: bool) -> tuple[str, str]:
    details = product.all("DescriptiveDetail", "TitleDetail")
    details.sort(key=lambda one: one.first("TitleType") != "01")
    for element in (element for one in details for element in one.all("TitleElement")):
        if element.first("TitleElementLevel") not in ("", "01"):
            continue
        parts = element.first("TitlePrefix"), element.first("TitleWithoutPrefix")
        found = element.first("TitleText") or " ".join(part for part in parts if part)
        if found:
            return entries.text("TitleText", found, 500), entries.text("Subtitle", element.first("Subtitle"), 500)
    if is_needed:
        raise Refused("TitleDetail", "there is no title of the product")
    return "", ""


def _authors(product: Part) -> list[tuple[str, str]]:
    people = product.all("DescriptiveDetail", "Contributor")
    people = [one for one in people if any(role.text.strip()[:1] == "A" for role in one.all("ContributorRole"))]
    people.sort(key=lambda one: int(number) if (number := one.first("SequenceNumber")).isdecimal() else 10_000)
    found = [_name(one) for one in people[: entries.MOST_NAMES]]
    return list(dict.fromkeys(name for name in found if name[1]))


def _name(contributor: Part) -> tuple[str, str]:
    if key_names := contributor.first("KeyNames"):
        first = entries.text("NamesBeforeKey", contributor.first("NamesBeforeKey"), 150)
        return first, entries.text("KeyNames", key_names, 150)
    if corporate := contributor.first("CorporateName"):
        return "", entries.text("CorporateName", corporate, 150)
    return entries.person(contributor.first("PersonNameInverted") or contributor.first("PersonName"))


def _publisher(product: Part) -> str | None:
    found = product.all("PublishingDetail", "Publisher")
    found.sort(key=lambda one: one.first("PublishingRole") != "01")
    name = found[0].first("PublisherName") if found else ""
    return entries.text("PublisherName", name, 200) or None


def _status(product: Part) -> str | None:
    found = STATUSES.get(product.first("PublishingDetail", "PublishingStatus"))
    return None if found is None else found.value


def _published(product: Part) -> tuple[date | None, int | None]:
    dates = product.all("PublishingDetail", "PublishingDate")
    dates.sort(key=lambda one: one.first("PublishingDateRole") not in ("01", "11"))
    text = dates[0].first("Date") if dates else ""
    if re.fullmatch(r"[0-9]{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    elif re.fullmatch(r"[0-9]{6}", text):
        text = f"{text[:4]}-{text[4:]}"
    return entries.day(text)


def _language(product: Part) -> str | None:
    found = product.all("DescriptiveDetail", "Language")
    return next(
        (entries.language(one.first("LanguageCode")) for one in found if one.first("LanguageRole") == "01"), None
    )


def _pages(product: Part) -> int | None:
    extents = product.all("DescriptiveDetail", "Extent")
    found = {one.first("ExtentType"): one.first("ExtentValue") for one in extents if one.first("ExtentUnit") == "03"}
    text = next((found[kind] for kind in PAGES if kind in found), "")
    return entries.whole("ExtentValue", text, 0, 100_000) or None


def _price(product: Part) -> tuple[Decimal | None, str | None]:
    prices = product.all("ProductSupply", "SupplyDetail", "Price")
    ranks = {kind: place for place, kind in enumerate(PRICES)}
    prices.sort(key=lambda one: ranks.get(one.first("PriceType"), len(PRICES)))
    for one in prices:
        if amount := one.first("PriceAmount"):
            return entries.money(amount), entries.currency(one.first("CurrencyCode"))
    return None, None


def _categories(product: Part) -> list[tuple[str, ...]]:
    """Take the headings of subjects, which BISAC writes as `FICTION / Science Fiction / General`."""
    headings = [one.text for one in product.all("DescriptiveDetail", "Subject", "SubjectHeadingText")]
    ways = [entries.way(heading.replace(" / ", " > ")) for heading in headings]
    return [way for way in dict.fromkeys(ways) if way][: entries.MOST_NAMES]


def _description(product: Part) -> str | None:
    texts = {one.first("TextType"): one.first("Text") for one in product.all("CollateralDetail", "TextContent")}
    found = next((texts[kind] for kind in DESCRIPTIONS if texts.get(kind)), "")
    return entries.long_text("Text", plain(found)) or None


def plain(text: str) -> str:
    """Return the words of a text that may hold markup."""
    if "<" not in text:
        return html.unescape(text).strip()
    parted = re.sub(r"(?i)<(/p|br|/li|/div|/h[1-6])\b[^>]*>", "\n", text)
    words = html.unescape(nh3.clean(parted, tags=set()))
    return re.sub(r"\n\s*\n+", "\n\n", "\n".join(" ".join(line.split()) for line in words.splitlines())).strip()
