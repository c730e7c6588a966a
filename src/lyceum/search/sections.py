"""The search over everything: what each kind shows of its hits, and one question to all of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lyceum.search import registry
from lyceum.search.contracts import Hit, SearchAnswer

Ask = Callable[..., SearchAnswer]


@dataclass(frozen=True)
class Found:
    """A hit as it is shown to who asked. `title` is plain; `excerpt` is safe HTML with what was found in `<mark>`."""

    id: UUID
    title: str
    url: str
    excerpt: str = ""
    note: str = ""
    at: datetime | None = None


def as_indexed(asker: Any, hits: Sequence[Hit]) -> list[Found]:
    """Show what the index holds, for kinds whose documents say all that there is to show."""
    return [Found(hit.id, hit.title, hit.url, next(iter(hit.highlights.values()), "")) for hit in hits]


@dataclass(frozen=True)
class Section:
    """A kind among the others. `present` reads its hits anew where the index may be behind, and drops what is gone.

    `highlights` names the texts to take an excerpt from, the best first. `scope` is what a key or an app needs for it.
    `more` gives the address of a page with all that is found, where there is one.
    """

    kind: str
    title: Any
    icon: str
    scope: str
    present: Callable[[Any, Sequence[Hit]], list[Found]] = as_indexed
    highlights: tuple[str, ...] = ()
    more: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Group:
    """What was found of one kind: the best of it, and how much there is."""

    section: Section
    count: int
    results: list[Found]
    more: str = ""


@dataclass(frozen=True)
class Everything:
    """What was found of all kinds; `groups` are those with a hit, in the order in which kinds are always shown."""

    groups: list[Group] = field(default_factory=list)
    did_you_mean: str = ""
    took_ms: float = 0.0

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)


_sections: dict[str, Section] = {}


def show(section: Section) -> None:
    """Have a declared kind found among everything; the order of declaration is that of the answer."""
    _sections[section.kind] = section


def shown(granted: Collection[str] | None) -> list[Section]:
    """Return the sections that credentials reach; None has no bounds."""
    known = {declaration.kind for declaration in registry.all_declared()}
    sections = [section for section in _sections.values() if section.kind in known]
    return [section for section in sections if granted is None or section.scope in granted]


def ask_all(
    ask: Ask, text: str, *, asker: Any, sections: Sequence[Section], size: int, is_open: bool = False
) -> Everything:
    """Put a text to each kind; nothing to find is found nowhere."""
    groups, meant, took = [], [], 0.0
    for section in sections if text.strip() else ():
        answer = ask(section.kind, text, asker=asker, size=size, highlights=section.highlights, is_open=is_open)
        took += answer.took_ms
        results = section.present(asker, answer.hits) if answer.hits else []
        if results:
            more = section.more(text) if section.more and answer.count > len(results) else ""
            groups.append(Group(section, answer.count, results, more))
        elif answer.did_you_mean:
            meant.append(answer.did_you_mean)
    return Everything(groups, "" if groups or not meant else meant[0], took)
