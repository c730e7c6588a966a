"""`lyceum search`: builds indexes anew, compares them with the database, and looks after the vectors."""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence

from lyceum.runtime import schema
from lyceum.runtime.home import CannotRun, Home
from lyceum.runtime.stack import running

TELL_SECONDS = 1.0
SHOWN_IDS = 10


def run_search(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        if options.act == "embed":
            return _embed(is_question=options.status)
        kinds = _kinds(options.kind)
        if options.act == "rebuild":
            return _rebuild(kinds, _say)
        return _check(kinds, repair=options.repair)


def _embed(*, is_question: bool) -> int:
    from lyceum.search.vectors import embedding

    if not is_question:
        embedding.start_anew()
    print(json.dumps(embedding.status(), indent=2))
    return 0


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _kinds(asked: Sequence[str]) -> list[str]:
    from lyceum.search import registry

    known = [declaration.kind for declaration in registry.all_declared()]
    for kind in asked:
        if kind not in known:
            raise CannotRun(f"There is no kind {kind}. There are: {', '.join(known)}.")
    return list(asked) or known


def _rebuild(kinds: Sequence[str], say: Callable[[str], None]) -> int:
    from lyceum.search import indexing
    from lyceum.search.models import IndexBuild

    indexing.ask_for_build(kinds)
    with _indexing():
        told: dict[str, int] = {}
        while builds := {row.kind: row.done for row in IndexBuild.objects.filter(kind__in=kinds)}:
            for kind, done in builds.items():
                if done and told.get(kind) != done:
                    say(f"{kind}: {done:,} documents")
                    told[kind] = done
            time.sleep(TELL_SECONDS / 4)
    from lyceum.search import engines

    for kind in kinds:
        say(f"{kind}: built anew, {engines.current().count(kind):,} documents")
    return 0


def _check(kinds: Sequence[str], *, repair: bool) -> int:
    from lyceum.search import checking, engines, registry

    differs = False
    for kind in kinds:
        declaration = registry.get(kind)
        found = checking.compare(engines.current(), declaration)
        if found.ids and repair:
            _tell(kind, found)
            checking.mend(declaration, found)
            with _indexing():
                found = checking.compare(engines.current(), declaration, patience=600.0)
        _tell(kind, found)
        differs = differs or bool(found.ids)
    return 1 if differs else 0


def _tell(kind: str, found: object) -> None:
    from lyceum.search.checking import Difference

    assert isinstance(found, Difference)
    if not found.ids:
        print(f"{kind}: the index is as the database, {found.compared:,} documents")
        return
    for ids, what in ((found.missing, "missing"), (found.changed, "not as they are now"), (found.gone, "left over")):
        if ids:
            some = ", ".join(str(one) for one in sorted(ids)[:SHOWN_IDS])
            more = " …" if len(ids) > SHOWN_IDS else ""
            print(f"{kind}: {len(ids):,} {what}: {some}{more}", file=sys.stderr)


class _indexing:
    """Be the indexer meanwhile, or wait beside the one that runs: there is only ever one turn."""

    def __enter__(self) -> None:
        from lyceum.search import turns

        self._stop = threading.Event()
        self._thread = threading.Thread(target=turns.serve, args=(self._stop,), name="indexer")
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
