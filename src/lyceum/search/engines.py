"""The engine of this installation: OpenSearch where `SEARCH_URL` names a server, else Tantivy in `SEARCH_DIR`."""

from functools import cache
from pathlib import Path

from django.conf import settings

from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.engine import SearchEngine
from lyceum.search.opensearch.engine import OpenSearch


def current() -> SearchEngine:
    """Return the engine by which this process asks; it is the same as long as the settings are."""
    if settings.SEARCH_URL:
        return _on_server(settings.SEARCH_URL, settings.SEARCH_PREFIX)
    return _in_folder(Path(settings.SEARCH_DIR))


@cache
def _in_folder(folder: Path) -> TantivyEngine:
    return TantivyEngine(folder)


@cache
def _on_server(url: str, prefix: str) -> OpenSearch:
    return OpenSearch(url, prefix=prefix)
