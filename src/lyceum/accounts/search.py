"""People as they are found by name, by those to whom the directory shows them."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lyceum.accounts.models import User
from lyceum.accounts.scopes import USERS_READ
from lyceum.accounts.selectors import visible_people
from lyceum.search import public as search
from lyceum.search.contracts import ID, Declaration, Document, Everything, Filter, Hit, IsOneOf, Nothing, Text
from lyceum.search.public import Found, Section

PERSON = "person"
AT_ONCE = 5000


def touch(user_id: UUID) -> None:
    """Have a person looked at again by the index, in the caller's transaction."""
    search.changed(PERSON, [user_id])


def address(name: str) -> str:
    return f"/people/?{urlencode({'q': name})}"


def load(ids: Sequence[UUID]) -> Iterator[Document]:
    for person in User.objects.filter(pk__in=ids, is_active=True):
        yield Document(person.pk, person.name, address(person.name), {"name": person.name})


def ids_above(last: UUID | None) -> Iterator[UUID]:
    rows = User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    while chunk := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
        yield from chunk
        last = chunk[-1]


def visible(asker: Any) -> Filter:
    """Let through whom the directory shows: everybody, those one shares a conversation with, or nobody."""
    if asker is None:
        return Nothing()
    if asker.is_staff or settings.DIRECTORY not in ("off", "contacts"):
        return Everything()
    return IsOneOf(ID, tuple(visible_people(asker).order_by("pk").values_list("pk", flat=True)))


def present(asker: Any, hits: Sequence[Hit]) -> list[Found]:
    people = visible_people(asker).in_bulk([hit.id for hit in hits])
    return [Found(hit.id, people[hit.id].name, address(people[hit.id].name)) for hit in hits if hit.id in people]


search.declare(Declaration(PERSON, (Text("name", by_language=False),), load, ids_above, visible))
search.show(Section(PERSON, _("People"), "users", USERS_READ, present, more=address))
