"""Brings the index to what the database says: drains the queue of changes, and builds indexes anew beside the old.

It runs in one process at a time (`search.turns`). A change is applied, committed to the index and only then taken from
the queue, so that a crash at any point leaves work to be done again and never work forgotten.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from lyceum.search import following, queue, registry
from lyceum.search.contracts import Change, Declaration, Document
from lyceum.search.engine import SearchEngine, SearchUnavailable
from lyceum.search.models import IndexBuild, PendingChange
from lyceum.search.vectors import embedding
from lyceum.search.vectors import following as vectors

log = structlog.get_logger("lyceum.search")
DRAINED_AT_ONCE = 1000
# Between two such parts of a build the queue is drained, so that changes are seen within a second meanwhile.
BUILT_AT_ONCE = 2000
LOADED_AT_ONCE = 500


class Indexer:
    """The one that writes to the engine."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self._building: set[str] = set()

    def prepare(self) -> None:
        """Take up every declared kind; what has no index yet, or one of another shape, is to be built."""
        for declaration in registry.all_declared():
            if not self._engine.prepare(declaration):
                IndexBuild.objects.get_or_create(kind=declaration.kind)
        for build in self._builds():
            if build.is_begun and self._engine.resume(registry.get(build.kind)):
                self._building.add(build.kind)
            else:
                self._begin(build)

    def turn(self) -> bool:
        """Do a part of what there is to do; returns whether there was any."""
        noted = following.look()
        drained = self.drain()
        return self.build() or bool(drained or noted)

    def catch_up(self) -> None:
        """Do all that there is to do."""
        while self.turn():
            pass

    def drain(self) -> int:
        """Take the oldest changes in, and say how many they were."""
        rows = queue.waiting(DRAINED_AT_ONCE)
        by_kind: dict[str, list[PendingChange]] = defaultdict(list)
        for row in rows:
            by_kind[row.kind].append(row)
        for kind, changed in by_kind.items():
            self._take_in(kind, list(dict.fromkeys(row.document_id for row in changed)))
            queue.done(changed)
        return len(rows)

    def _take_in(self, kind: str, ids: Sequence[UUID]) -> None:
        declaration = registry.find(kind)
        if declaration is None:
            log.warning("kind_unknown", kind=kind, changes=len(ids))
            return
        is_building = kind in self._building
        changes = list(changes_of(declaration, ids))
        self._engine.apply(declaration, changes)
        if is_building:
            self._engine.apply(declaration, changes, building=True)
            self._engine.commit(kind, building=True)
        self._engine.commit(kind)
        _follow(declaration, changes)
        log.debug("changes_indexed", kind=kind, count=len(changes))

    def build(self) -> bool:
        """Go on with one build by one part; returns whether there is one."""
        build = next(iter(self._builds()), None)
        if build is None:
            return False
        declaration = registry.get(build.kind)
        if not build.is_begun or build.kind not in self._building:
            self._begin(build)
        ids = list(islice(declaration.ids(build.last_id), BUILT_AT_ONCE))
        changes = [change for change in changes_of(declaration, ids) if change.document is not None]
        self._engine.apply(declaration, changes, building=True)
        self._engine.commit(build.kind, building=True)
        if len(ids) < BUILT_AT_ONCE:
            self._finish(build, build.done + len(changes))
        else:
            self._note(build, last_id=ids[-1], done=build.done + len(changes))
        return True

    def _builds(self) -> list[IndexBuild]:
        return [row for row in IndexBuild.objects.order_by("asked_at") if registry.find(row.kind) is not None]

    def _begin(self, build: IndexBuild) -> None:
        self._engine.begin(registry.get(build.kind))
        self._building.add(build.kind)
        build.is_begun, build.last_id, build.done = True, None, 0
        self._note(build, is_begun=True, last_id=None, done=0)
        log.info("build_begun", kind=build.kind)

    def _note(self, build: IndexBuild, **fields: object) -> None:
        # One that was asked for again meanwhile begins anew.
        IndexBuild.objects.filter(pk=build.pk, asked_at=build.asked_at).update(**fields)

    def _finish(self, build: IndexBuild, done: int) -> None:
        self._engine.switch(build.kind)
        self._building.discard(build.kind)
        IndexBuild.objects.filter(pk=build.pk, asked_at=build.asked_at).delete()
        log.info("build_done", kind=build.kind, documents=done)


def _follow(declaration: Declaration, changes: Sequence[Change]) -> None:
    """Let the vectors know; texts that are new are embedded by a job."""
    with transaction.atomic():
        has_new_texts = vectors.follow(declaration, {change.id: change.document for change in changes})
    if has_new_texts:
        embedding.start()


def changes_of(declaration: Declaration, ids: Sequence[UUID]) -> Iterator[Change]:
    """Read documents as they are now; those that do not come back are gone."""
    for start in range(0, len(ids), LOADED_AT_ONCE):
        part = ids[start : start + LOADED_AT_ONCE]
        version = queue.next_version()
        loaded = load(declaration, part)
        yield from (Change(one, version, loaded.get(one)) for one in part)


def load(declaration: Declaration, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Read documents; one that its app cannot make is logged and counts as gone, and holds nothing up."""
    try:
        return {one.id: one for one in declaration.load(ids)}
    except (DatabaseError, SearchUnavailable):
        raise
    except Exception:
        if len(ids) == 1:
            log.exception("document_not_made", kind=declaration.kind, id=str(ids[0]))
            return {}
    half = len(ids) // 2
    return load(declaration, ids[:half]) | load(declaration, ids[half:])


def ask_for_build(kinds: Sequence[str]) -> None:
    """Have the indexes of these kinds built anew; one that is half built begins again."""
    IndexBuild.objects.filter(kind__in=kinds).delete()
    IndexBuild.objects.bulk_create([IndexBuild(kind=kind) for kind in kinds])
    queue.nudge()
