"""The pages on which books are found and read: who sees them, what stands on them, and one's own review."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lyceum.core.models import AuditEntry
from lyceum.library import searching
from lyceum.library.models import Book, Review
from lyceum.library.testing import fill_index, make_author, make_book, make_category
from lyceum.search.contracts import SearchAnswer
from lyceum.search.engine import SearchUnavailable

Ready = Callable[[], None]

pytestmark = pytest.mark.django_db
PAGE = {"Accept": "text/html"}
HTMX = {"Accept": "text/html", "HX-Request": "true"}


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Path) -> None:
    settings.SEARCH_DIR = tmp_path / "search"


@pytest.fixture(params=["index", "database"])
def ready(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make what is in the catalogue findable: by the index, or by the database while that is away."""
    if request.param == "index":
        return fill_index

    def away(*_: Any, **__: Any) -> None:
        raise SearchUnavailable

    monkeypatch.setattr(searching, "find", away)
    return lambda: None


def browser(person: Any = None) -> Client:
    client = Client(headers=PAGE)
    if person is not None:
        client.force_login(person)
    return client


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_everybody_browses_while_reading_is_public_and_nobody_without_an_account_else(
    settings: Any, charlie: Any, ready: Ready
) -> None:
    book = make_book("Komatiite")
    ready()
    addresses = ["/library/", f"/library/books/{book.pk}/", f"/library/authors/{make_author('Ada Writer').pk}/"]
    for address in addresses:
        assert "Komatiite" in text_of(browser().get(address))
    settings.PUBLIC_READ = False
    for address in addresses:
        answer = browser().get(address)
        assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={address}")
        assert browser(charlie).get(address).status_code == 200


def test_what_is_withdrawn_is_seen_by_staff_alone(alice: Any, priya: Any, ready: Ready) -> None:
    book = make_book("Hidden ore", status="withdrawn")
    ready()
    for person in (None, alice):
        assert browser(person).get(f"/library/books/{book.pk}/").status_code == 404
        assert "Hidden ore" not in text_of(browser(person).get("/library/?q=hidden"))
    assert "Withdrawn" in text_of(browser(priya).get(f"/library/books/{book.pk}/"))


def test_facets_count_under_the_other_filters_and_not_under_themselves(ready: Ready) -> None:
    science = make_category("Science")
    ore = make_category("Ore", science)
    make_book("One", categories=[ore], price="5.00", language="en")
    make_book("Two", categories=[ore], price="15.00", language="en")
    make_book("Three", categories=["Novels"], price="15.00", language="de")

    ready()
    found = browser().get("/library/", {"price": "10-25", "category": str(science.pk)}).context["found"]

    assert [book.title for book, _passage in found.books] == ["Two"]
    assert [(one.label, one.count, one.is_chosen) for one in found.categories] == [
        ("Novels", 1, False),
        ("Science", 1, True),
    ]
    assert [one.label for one in found.categories[1].below] == ["Ore"]
    assert [one.count for one in found.prices] == [1, 1, 0, 0]
    assert [(one.value, one.count) for one in found.languages] == [("en", 1)]


def test_with_htmx_the_part_comes_alone_and_the_address_follows(ready: Ready) -> None:
    make_book("Komatiite", price="15.00")
    ready()
    typed = browser().get("/library/?q=koma&sort=&price=", headers={**HTMX, "HX-Current-URL": "http://x/library/?q=ko"})
    chosen = browser().get(
        "/library/?q=koma&price=10-25", headers={**HTMX, "HX-Current-URL": "http://x/library/?q=koma"}
    )

    assert text_of(typed).lstrip().startswith('<div class="stack gap-4" id="found">')
    assert typed["HX-Replace-Url"] == "/library/?q=koma" and "HX-Push-Url" not in typed
    assert chosen["HX-Push-Url"] == "/library/?q=koma&price=10-25" and "HX-Replace-Url" not in chosen


def test_nothing_else_on_the_page_has_the_name_of_what_is_taken_in(ready: Ready) -> None:
    ready()
    names = re.findall(r' id="([^"]+)"', text_of(browser().get("/library/")))
    assert "found" in names
    assert sorted(names) == sorted(set(names))


def test_a_page_beyond_the_last_leads_to_the_last(ready: Ready) -> None:
    for number in range(21):
        make_book(f"Book {number}")
    ready()
    answer = browser().get("/library/?page=9")
    assert (answer.status_code, answer["Location"]) == (302, "/library/?page=2")
    assert len(browser().get("/library/?page=2").context["found"].books) == 1


def test_each_filter_that_is_on_can_be_taken_away(ready: Ready) -> None:
    ore = make_category("Ore")
    make_book("One", categories=[ore])
    ready()
    page = browser().get(
        "/library/", {"category": str(ore.pk), "rating_min": "4", "year_max": "1990", "language": "de"}
    )
    assert {chip.label for chip in page.context["chips"]} == {"Ore", "Rated 4 and up", "Until 1990", "German"}
    assert "No book passes all filters" in text_of(page)


def test_a_list_is_read_in_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        make_book(f"Book {number}", [f"Ada {number}"], categories=[f"Shelf {number}"], publisher=f"Press {number}")
    fill_index()
    with django_assert_max_num_queries(12):
        assert browser().get("/library/").status_code == 200


def test_a_category_shows_the_shelves_below_it_and_an_author_their_books() -> None:
    science = make_category("Science")
    ore = make_category("Ore", science)
    book = make_book("Komatiite", ["Ada Lesher", "Bo Arndt"], categories=[ore])
    page = text_of(browser().get(f"/library/categories/{science.pk}/"))
    assert "Komatiite" in page and f"/library/categories/{ore.pk}/" in page
    assert "1 book in the catalogue" in text_of(browser().get(f"/library/authors/{make_author('Bo Arndt').pk}/"))
    assert "Ada Lesher</a> and <a" in text_of(browser().get(f"/library/books/{book.pk}/"))
    assert browser().get(f"/library/categories/{book.pk}/").status_code == 404


def test_similar_books_say_why(alice: Any, bob: Any) -> None:
    ore = make_category("Ore")
    book = make_book("Komatiite", ["Ada Lesher"], categories=[ore])
    liked = make_book("Liked by both", ["Cy Other"], categories=[ore])
    same = make_book("Her other book", ["Ada Lesher"], categories=[ore])
    near = make_book("On the shelf", ["Di Another"], categories=[ore])
    for person in (alice, bob):
        for one in (book, liked):
            Review.objects.create(book=one, user=person, rating=5)
    Review.objects.create(book=near, user=alice, rating=5)
    kin = browser().get(f"/library/books/{book.pk}/").context["kin"]
    assert {one.book: one.why for one in kin} == {
        liked: "2 readers liked both",
        same: "Also by Ada Lesher",
        near: "On the same shelf: Ore",
    }


def test_slips_are_forgiven_and_words_are_shown_where_they_stand() -> None:
    make_book("Nickel sulfide systems", description="Where nickel gathers in the melt.", language="en")
    fill_index()
    assert "<mark>nickel</mark> gathers" in text_of(browser().get("/library/?q=nick"))
    assert "Nickel sulfide systems" in text_of(browser().get("/library/?q=nikcel"))
    nothing = browser().get("/library/?q=quartz")
    assert nothing.context["found"].count == 0 and "No book has these words" in text_of(nothing)


def test_what_may_have_been_meant_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SearchAnswer(
        0, (), {name: () for name in ("categories", "price_ranges", "ratings", "languages")}, "nickel"
    )
    monkeypatch.setattr(searching, "find", lambda *_, **__: searching.Found(answer, []))
    page = text_of(browser().get("/library/?q=nikkle&price=10-25"))
    assert '<a href="/library/?q=nickel&amp;price=10-25"><strong>nickel</strong></a>' in page


def test_a_reader_writes_changes_and_takes_back_a_review(alice: Any) -> None:
    book, client = make_book("Komatiite"), browser(alice)
    at = f"/library/books/{book.pk}/review/"

    refused = client.post(at, {"rating": "", "text": "Good"})
    assert refused.status_code == 400
    assert "Choose one to five stars" in text_of(refused) and "Good</textarea>" in text_of(refused)
    assert not Review.objects.exists()

    wrote = client.post(at, {"rating": "4", "text": "Good <b>"})
    assert (wrote.status_code, wrote["Location"]) == (303, f"/library/books/{book.pk}/")
    assert "Good &lt;b&gt;" in text_of(client.get(f"/library/books/{book.pk}/"))

    changed = client.post(at, {"rating": "2", "text": ""}, headers=HTMX)
    assert "lyceum:toast" in changed["HX-Trigger"] and 'id="book"' in text_of(changed)
    book.refresh_from_db()
    assert (book.review_count, book.rating_sum) == (1, 2)

    client.post(f"{at}delete/")
    assert not Review.objects.exists()


def test_only_staff_delete_what_others_wrote_and_the_log_keeps_it(alice: Any, bob: Any, priya: Any) -> None:
    book = make_book("Komatiite")
    review = Review.objects.create(book=book, user=alice, rating=1, text="Spam")
    at = f"/library/books/{book.pk}/review/delete/"
    assert browser().post(at, {"review": review.pk}).status_code == 302
    assert browser(bob).post(at, {"review": review.pk}).status_code == 404
    assert Review.objects.exists()
    assert browser(priya).post(at, {"review": review.pk}).status_code == 303
    assert not Review.objects.exists()
    assert AuditEntry.objects.get(action="review.deleted").actor == priya


def test_texts_of_others_are_shown_as_text(ready: Ready) -> None:
    book = make_book("<script>alert(1)</script>", ["<i>Ada</i>"], description="<b>bold</b>", publisher="<u>Press</u>")
    Review.objects.create(book=book, source="shop", reader="<i>x</i>", rating=3, text="<img src=x>")
    ready()
    for address in ("/library/", f"/library/books/{book.pk}/"):
        page = text_of(browser().get(address))
        for bad in ("<script>alert", "<i>Ada", "<b>bold", "<u>Press", "<img src=x>", "<i>x"):
            assert bad not in page, (address, bad)


def test_simulated_readers_say_that_they_are() -> None:
    book = make_book("Komatiite")
    Review.objects.create(book=book, source="demo", reader="Greta, hard-rock geologist", rating=5, text="Good.")
    Review.objects.create(book=book, source="shop", reader="somebody", rating=4, text="Fine.")
    page = text_of(browser().get(f"/library/books/{book.pk}/"))
    assert "simulated reader" in page and "from shop" in page


def test_a_book_that_is_not_for_sale_has_no_price() -> None:
    book = make_book("On Stones", price=None, publication_year=-315)
    page = text_of(browser().get(f"/library/books/{book.pk}/"))
    assert "Not for sale" in page and "315 BC" in page and 'class="price' not in page
    assert Book.objects.get(pk=book.pk).price is None
