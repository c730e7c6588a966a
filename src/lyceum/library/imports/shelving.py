"""Authors, publishers and categories of an import: those that are there are used, the others made, in bulk."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from lyceum.library.imports.entries import Entry
from lyceum.library.models import Author, Category, Publisher, key_of

# Names that are remembered from one lot of rows to the next.
MOST_REMEMBERED = 200_000
Way = tuple[str, ...]


class Shelving:
    """Finds the ids of names; `prepare` has to have seen the rows that speak of them."""

    def __init__(self) -> None:
        self._authors: dict[str, UUID] = {}
        self._publishers: dict[str, UUID] = {}
        self._categories = _tree()

    def prepare(self, entries: Sequence[Entry]) -> None:
        for known in (self._authors, self._publishers):
            if len(known) > MOST_REMEMBERED:
                known.clear()
        self._prepare_authors({name_of(one): one for entry in entries for one in entry.authors})
        self._prepare_publishers({key_of(entry.publisher): entry.publisher for entry in entries if entry.publisher})
        for way in dict.fromkeys(way for entry in entries for way in entry.categories):
            self._make_way(way)

    def _prepare_authors(self, asked: dict[str, tuple[str, str]]) -> None:
        missing = {key: names for key, names in asked.items() if key not in self._authors}
        # Of two of one name the first stands for both: a file does not say which is meant.
        known = Author.objects.filter(name_key__in=missing).order_by("-pk").values_list("name_key", "pk")
        self._authors |= dict(known)
        made = [
            Author(first_name=first, last_name=last, name_key=key)
            for key, (first, last) in missing.items()
            if key not in self._authors
        ]
        self._authors |= {author.name_key: author.pk for author in Author.objects.bulk_create(made)}

    def _prepare_publishers(self, asked: dict[str, str]) -> None:
        missing = {key: name for key, name in asked.items() if key not in self._publishers}
        self._publishers |= dict(Publisher.objects.filter(name_key__in=missing).values_list("name_key", "pk"))
        made = [Publisher(name=name, name_key=key) for key, name in missing.items() if key not in self._publishers]
        self._publishers |= {one.name_key: one.pk for one in Publisher.objects.bulk_create(made)}

    def _make_way(self, way: Way) -> None:
        for length in range(1, len(way) + 1):
            key = _key(way[:length])
            if key not in self._categories:
                parent = self._categories[_key(way[: length - 1])] if length > 1 else None
                made = Category.objects.create(name=way[length - 1], parent_id=parent)
                self._categories[key] = made.pk

    def author_ids(self, entry: Entry) -> list[UUID]:
        return list(dict.fromkeys(self._authors[name_of(one)] for one in entry.authors))

    def publisher_id(self, name: str) -> UUID:
        return self._publishers[key_of(name)]

    def category_ids(self, entry: Entry) -> set[UUID]:
        return {self._categories[_key(way)] for way in entry.categories}


def name_of(author: tuple[str, str]) -> str:
    """Return the key of an author's whole name."""
    return key_of(" ".join(author))


def _key(way: Iterable[str]) -> Way:
    return tuple(key_of(name) for name in way)


def _tree() -> dict[Way, UUID]:
    """Return all categories by the keys of the way to them."""
    rows = {category.pk: category for category in Category.objects.all()}

    def way(category: Category) -> Way:
        steps = [category.name_key]
        while category.parent_id in rows and len(steps) <= len(rows):
            category = rows[category.parent_id]
            steps.append(category.name_key)
        return tuple(reversed(steps))

    return {way(category): pk for pk, category in rows.items()}
