"""Books from ONIX 3: both kinds of names, and nothing that XML may do to a reader."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lyceum.core.errors import Invalid
from lyceum.library import public as library
from lyceum.library.imports import onix, xml
from lyceum.library.models import Book

pytestmark = pytest.mark.django_db
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
LONG = f"""{HEAD}<ONIXMessage release="3.0" xmlns="http://ns.editeur.org/onix/3.0/reference">
<Header><Sender><SenderName>Press</SenderName></Sender></Header>
<Product>
 <RecordReference>press.1</RecordReference><NotificationType>03</NotificationType>
 <ProductIdentifier><ProductIDType>01</ProductIDType><IDValue>77</IDValue></ProductIdentifier>
 <ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>9780306406157</IDValue></ProductIdentifier>
 <DescriptiveDetail>
  <TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>
   <TitlePrefix>The</TitlePrefix><TitleWithoutPrefix>Maps</TitleWithoutPrefix><Subtitle>A guide</Subtitle>
  </TitleElement></TitleDetail>
  <Contributor><SequenceNumber>2</SequenceNumber><ContributorRole>A01</ContributorRole>
   <PersonNameInverted>Lim, Bo</PersonNameInverted></Contributor>
  <Contributor><SequenceNumber>1</SequenceNumber><ContributorRole>A01</ContributorRole>
   <NamesBeforeKey>Ursula K.</NamesBeforeKey><KeyNames>Le Guin</KeyNames></Contributor>
  <Contributor><SequenceNumber>3</SequenceNumber><ContributorRole>B06</ContributorRole>
   <PersonName>A Translator</PersonName></Contributor>
  <Language><LanguageRole>01</LanguageRole><LanguageCode>ger</LanguageCode></Language>
  <Extent><ExtentType>00</ExtentType><ExtentValue>310</ExtentValue><ExtentUnit>03</ExtentUnit></Extent>
  <Subject><SubjectSchemeIdentifier>10</SubjectSchemeIdentifier>
   <SubjectHeadingText>SCIENCE / Earth Sciences / Geology</SubjectHeadingText></Subject>
 </DescriptiveDetail>
 <CollateralDetail><TextContent><TextType>03</TextType>
  <Text textformat="05"><p>Of <em>rocks</em> &amp; maps.</p><p>And more.</p></Text></TextContent></CollateralDetail>
 <PublishingDetail>
  <Publisher><PublishingRole>01</PublishingRole><PublisherName>Field Press</PublisherName></Publisher>
  <PublishingStatus>04</PublishingStatus>
  <PublishingDate><PublishingDateRole>01</PublishingDateRole><Date>20080914</Date></PublishingDate>
 </PublishingDetail>
 <ProductSupply><SupplyDetail><Stock><OnHand>7</OnHand></Stock>
  <Price><PriceType>01</PriceType><PriceAmount>9.00</PriceAmount><CurrencyCode>EUR</CurrencyCode></Price>
  <Price><PriceType>02</PriceType><PriceAmount>9.90</PriceAmount><CurrencyCode>EUR</CurrencyCode></Price>
 </SupplyDetail></ProductSupply>
</Product>
<Product><RecordReference>press.2</RecordReference><NotificationType>03</NotificationType></Product>
</ONIXMessage>"""


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(text: str, encoding: str = "utf-8") -> library.ImportReport:
        file = tmp_path / "onix.xml"
        file.write_text(text, encoding)
        return library.import_books(file, source="press")

    return load


def short(text: str) -> str:
    """Write a message with short names."""
    for name, long in [*onix.SHORT.items(), ("ONIXmessage", "ONIXMessage")]:
        text = text.replace(f"<{long}>", f"<{name}>").replace(f"</{long}>", f"</{name}>")
        text = text.replace(f"<{long} ", f"<{name} ")
    return text


def prefixed(text: str) -> str:
    """Write a message with a prefix of a namespace before its products."""
    text = text.replace("<ONIXMessage ", '<ONIXMessage xmlns:o="http://ns.editeur.org/onix/3.0/reference" ')
    return text.replace("<Product>", "<o:Product>").replace("</Product>", "</o:Product>")


@pytest.mark.parametrize("written", [LONG, short(LONG), prefixed(LONG)])
def test_a_product_becomes_a_book(load: Any, written: str) -> None:
    report = load(written)
    assert report.added == 1
    [(line, field, _)] = report.refused
    assert "product>" in written.splitlines()[line - 1].lower()
    assert field == "TitleDetail"
    book = Book.objects.get()
    assert (book.title, book.subtitle, book.isbn) == ("The Maps", "A guide", "9780306406157")
    assert book.author == "Ursula K. Le Guin, Bo Lim"
    assert (book.language, book.pages, book.stock, book.status) == ("de", 310, 7, "available")
    assert (book.price, str(book.publication_date), str(book.publisher)) == (
        Decimal("9.90"),
        "2008-09-14",
        "Field Press",
    )
    category = book.categories.get()
    assert [category.name, category.parent.name, category.parent.parent.name] == [  # type: ignore[union-attr]
        "Geology",
        "Earth Sciences",
        "SCIENCE",
    ]
    assert book.description == "Of rocks & maps.\nAnd more."


def test_a_message_in_utf_16_is_read(load: Any) -> None:
    assert load(LONG.replace("UTF-8", "UTF-16"), "utf-16").added == 1


def test_what_a_publisher_takes_back_is_withdrawn(load: Any) -> None:
    load(LONG)
    gone = f"""{HEAD}<ONIXMessage><Product><NotificationType>05</NotificationType><ProductIdentifier>
      <ProductIDType>15</ProductIDType><IDValue>9780306406157</IDValue></ProductIdentifier></Product>
      <Product><NotificationType>05</NotificationType><ProductIdentifier>
      <ProductIDType>15</ProductIDType><IDValue>9780804429573</IDValue></ProductIdentifier></Product></ONIXMessage>"""
    report = load(gone)
    assert (report.changed, report.unchanged, report.refused) == (1, 1, [])
    assert (Book.objects.get().title, Book.objects.get().status) == ("The Maps", "withdrawn")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><ONIXMessage/>', "DOCTYPE"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><ONIXMessage/>', "DOCTYPE"),
        ("<ONIXMessage>" + "<a>" * 50 + "</a>" * 50 + "</ONIXMessage>", "deeper"),
        ("<ONIXMessage><Product>" + "<a/>" * 20_001 + "</Product></ONIXMessage>", "elements"),
        ("<ONIXMessage><Product>" + "x" * (xml.MOST_TEXT + 1) + "</Product></ONIXMessage>", "4 MB"),
        ("<ONIXMessage><Product></ONIXMessage>", "no XML"),
        ("<ONIXMessage>", "no XML"),
        ("<html><Product/></html>", "begins with html"),
        ("<ONIXMessage>&a;</ONIXMessage>", "no XML"),
    ],
)
def test_xml_that_would_do_harm_or_is_none_is_refused_whole(load: Any, text: str, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        load(text)
    assert not Book.objects.exists()
