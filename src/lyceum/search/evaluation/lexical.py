"""Words alone, as the product counts them: its embedded engine over the passages of a set, in a folder of its own."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from lyceum.search.contracts import Change, Declaration, Document, Everything, Needed, SearchRequest, Text
from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.query import parse

PASSAGES = Declaration(
    "passage",
    (Text("text"),),
    load=lambda ids: (),
    ids=lambda after: (),
    visible=lambda asker: Everything(),
)


def search(
    passages: Mapping[str, str], questions: Mapping[str, str], *, most: int, needed: Needed = "one"
) -> dict[str, dict[str, float]]:
    """Return for each question the scores of its best passages, best first; one of its words is enough, or most are."""
    names = list(passages)
    with tempfile.TemporaryDirectory() as folder:
        engine = TantivyEngine(Path(folder))
        engine.prepare(PASSAGES)
        engine.apply(PASSAGES, [_change(row, text) for row, text in enumerate(passages.values())])
        engine.commit(PASSAGES.kind)
        found = {}
        for name, text in questions.items():
            query = replace(parse(text, PASSAGES), needed=needed)
            hits = engine.search(PASSAGES, SearchRequest(PASSAGES.kind, query, Everything(), size=most)).hits
            found[name] = {names[hit.id.int]: hit.score for hit in hits}
    return found


def _change(row: int, text: str) -> Change:
    document = Document(UUID(int=row), "", "", {"text": text}, language="en")
    return Change(document.id, 1, document)
