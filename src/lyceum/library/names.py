"""Authors, publishers and categories: added, renamed and removed by those who keep the catalogue."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from lyceum.core import audit
from lyceum.core.conditions import unbound
from lyceum.core.errors import Invalid, NotFound
from lyceum.library import index, selectors
from lyceum.library.errors import StillUsed
from lyceum.library.models import Author, Book, Category, Keyed, Publisher, key_of

K = TypeVar("K", bound=Keyed)
MOVING = 7_141_202
# How the kinds are called in the audit log.
WORDS: dict[type[Keyed], str] = {Author: "author", Publisher: "publisher", Category: "category"}


@transaction.atomic
def create(kind: type[K], *, actor: Any, **fields: Any) -> K:
    """Add an author, a publisher or a category; raises Invalid for a name that is taken."""
    row = kind(**fields)
    add(row, actor=actor)
    return row


@transaction.atomic
def add(row: Keyed, *, actor: Any) -> None:
    """Write a row that is not there yet; raises Invalid as `create` does."""
    _check_place(row)
    _save(row)
    audit.record(actor, f"{WORDS[type(row)]}.created", row.pk)


@transaction.atomic
def change(kind: type[K], row_id: UUID, *, actor: Any, check: Callable[[K], None] = unbound, **changes: Any) -> K:
    """Rename or move one; the books under it are found by the new name within a second."""
    row = _lock(kind, row_id)
    check(row)
    for name, value in changes.items():
        setattr(row, name, value)
    put(row, actor=actor, fields=changes)
    return row


def put(row: Keyed, *, actor: Any, fields: Iterable[str]) -> None:
    """Write a locked row that was changed, and have its books found by what it is called now."""
    _check_place(row)
    row.version += 1
    row.updated_at = timezone.now()
    _save(row)
    audit.record(actor, f"{WORDS[type(row)]}.changed", row.pk, fields=sorted(fields))
    index.touch(book_ids_under(row))


@transaction.atomic
def delete(kind: type[K], row_id: UUID, *, actor: Any, check: Callable[[K], None] = unbound) -> None:
    """Remove one that nothing stands under; raises StillUsed."""
    row = _lock(kind, row_id)
    check(row)
    if is_used(row):
        raise StillUsed
    row.delete()
    audit.record(actor, f"{WORDS[kind]}.deleted", row_id)


def is_used(row: Keyed) -> bool:
    """Say whether books or further categories stand under this."""
    has_children = isinstance(row, Category) and row.children.exists()
    return has_children or bool(book_ids_under(row))


def check(row: Keyed) -> None:
    """Raise Invalid for a name that is taken where it may stand once, and for a place that is none."""
    _check_place(row)
    # Two authors of one name are two.
    where = {"parent": row.parent_id} if isinstance(row, Category) else {}
    same: Any = type(row)._default_manager.filter(name_key=key_of(row.full_name), **where).exclude(pk=row.pk)
    if not isinstance(row, Author) and same.exists():
        raise _taken()


def _taken() -> Invalid:
    return Invalid.field("name", "taken", "There is one of this name already.")


def book_ids_under(row: Keyed) -> list[UUID]:
    """Return the books that show the name of this."""
    if isinstance(row, Author):
        found = Book.objects.filter(authorships__author=row)
    elif isinstance(row, Publisher):
        found = Book.objects.filter(publisher=row)
    else:
        found = Book.objects.filter(categories__in=selectors.subtree([row.pk]))
    return list(found.order_by("pk").values_list("pk", flat=True).distinct())


def _lock(kind: type[K], row_id: UUID) -> K:
    found: K | None = kind._default_manager.select_for_update(of=("self",)).filter(pk=row_id).first()
    if found is None:
        raise NotFound(f"There is no such {WORDS[kind]}.")
    return found


def _check_place(row: Keyed) -> None:
    """Raise Invalid for a category below none, or below itself."""
    if not isinstance(row, Category) or row.parent_id is None:
        return
    # Of two who move branches at once the second sees where the first has put theirs.
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [MOVING])
    if not Category.objects.filter(pk=row.parent_id).exists():
        raise Invalid.field("parent", "not_found", "There is no such category.")
    if not row._state.adding and row.parent_id in selectors.subtree([row.pk]):
        raise Invalid.field("parent", "invalid", "A category cannot stand below itself.")


def _save(row: Keyed) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as err:
        raise _taken() from err
