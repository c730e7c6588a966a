"""What a person takes along of the library, and what is let go with them."""

import io
import json
import zipfile
from typing import Any

from lyceum.core import privacy
from lyceum.core.archives import Archive
from lyceum.library import reviews
from lyceum.library.models import Book, Review
from lyceum.library.privacy import erase, export
from lyceum.library.testing import make_book
from lyceum.search.models import PendingChange


def test_reviews_are_taken_along_and_let_go_without_those_of_others(alice: Any, bob: Any) -> None:
    book = make_book("Maps")
    reviews.write_review(alice, book.pk, rating=1, text="Mine alone.")
    reviews.write_review(bob, book.pk, rating=5, text="Of somebody else.")
    subject, file = privacy.Subject(alice.pk, alice.email), io.BytesIO()
    archive = Archive(file)
    export(subject, archive)
    archive.close()
    with zipfile.ZipFile(file) as found:
        [review] = json.loads(found.read("reviews.json"))
    assert (review["title"], review["rating"], review["text"]) == ("Maps", 1, "Mine alone.")

    PendingChange.objects.all().delete()
    erase(subject)
    assert list(Review.objects.values_list("user", flat=True)) == [bob.pk]
    found_book = Book.objects.get()
    assert (found_book.review_count, float(found_book.average_rating or 0)) == (1, 5.0)
    assert [row.document_id for row in PendingChange.objects.all()] == [book.pk]
