"""The page on which staff decide where books without a category belong."""

from typing import Any

import pytest
from django.test import Client

from lyceum.library.models import CategorySuggestion
from lyceum.library.testing import make_book, make_category

pytestmark = pytest.mark.django_db
PAGE = {"Accept": "text/html"}
AT = "/library/suggestions/"


def browser(person: Any = None) -> Client:
    client = Client(headers=PAGE)
    if person is not None:
        client.force_login(person)
    return client


def test_only_staff_decide(alice: Any) -> None:
    row = CategorySuggestion.objects.create(book=make_book("Salt"), category=make_category("Minerals"), score=0.6)
    for address in (f"{AT}{row.pk}/accept/", f"{AT}{row.pk}/refuse/"):
        assert browser().post(address).status_code == 302
        assert browser(alice).post(address).status_code == 403
    assert browser(alice).get(AT).status_code == 403
    assert CategorySuggestion.objects.filter(is_refused=False).exists()


def test_a_suggestion_is_taken_or_refused(priya: Any) -> None:
    salt, flatland = make_book("Salt"), make_book("Flatland")
    minerals, novels = make_category("Minerals"), make_category("Novels")
    sure = CategorySuggestion.objects.create(book=salt, category=minerals, score=0.62)
    other = CategorySuggestion.objects.create(book=salt, category=novels, score=0.21)
    wrong = CategorySuggestion.objects.create(book=flatland, category=minerals, score=0.3)
    client = browser(priya)

    page = client.get(AT)
    assert [(book.title, suggested) for book, suggested in page.context["books"]] == [
        ("Flatland", [wrong]),
        ("Salt", [sure, other]),
    ]
    assert "62 in 100" in page.content.decode()

    assert client.post(f"{AT}{sure.pk}/accept/")["Location"] == AT
    assert list(salt.categories.all()) == [minerals]
    part = client.post(f"{AT}{wrong.pk}/refuse/", headers={**PAGE, "HX-Request": "true"})
    assert part.status_code == 200 and "Nothing is suggested" in part.content.decode()
    assert client.post(f"{AT}{wrong.pk}/accept/").status_code == 404
    assert not flatland.categories.exists()
