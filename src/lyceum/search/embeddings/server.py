"""Any server that speaks `/v1/embeddings`, the form that OpenAI began and most model servers follow."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from lyceum.core import outbound
from lyceum.core.errors import Invalid, Unavailable
from lyceum.search.embeddings.protocol import Vectors, normalised

BATCH = 64
MAX_BYTES = 16 * 1024 * 1024
SECONDS = 60.0


class ServerRefused(Invalid):
    """The server does not take what it is sent, or its answer is not of the form."""

    code, title = "search.embeddings_refused", "The embeddings server refuses, or answers with something else."


class ServerUnavailable(Unavailable):
    code, title = "search.embeddings_unavailable", "The embeddings server is not available."


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


class ServerEmbedder:
    """The model of this name at this address; its size is what the first answer has."""

    def __init__(
        self, url: str, model: str, *, key: str = "", query_prefix: str = "", weight: float = 0.5, least: float = 0.0
    ) -> None:
        self.name, self.weight, self.least = model, weight, least
        self._url, self._key, self._query_prefix = endpoint(url), key, query_prefix

    @cached_property
    def size(self) -> int:
        return int(self._ask(["size"]).shape[1])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.size), dtype=np.float32)
        return np.concatenate([self._ask(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_passages([self._query_prefix + text for text in texts])

    def _ask(self, texts: Sequence[str]) -> Vectors:
        # Servers refuse an empty text, whose vector says nothing anyway.
        body = {"model": self.name, "input": [text or " " for text in texts], "encoding_format": "float"}
        answer = outbound.fetch(
            "POST",
            self._url,
            headers=self._headers(),
            body=msgspec.json.encode(body),
            max_bytes=MAX_BYTES,
            within=SECONDS,
        )
        if answer.status == 429 or answer.status >= 500:
            raise ServerUnavailable(retry_after=outbound.retry_after(answer.headers))
        if answer.status != 200:
            raise ServerRefused(f"The embeddings server answers with {answer.status}.")
        return _read(answer.body, len(texts))

    def _headers(self) -> Mapping[str, str]:
        bearer = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return {"Content-Type": "application/json", "Accept": "application/json", **bearer}


def endpoint(url: str) -> str:
    """Complete the address of a server to that of its door: people give it with and without the version."""
    url = url.rstrip("/")
    if url.endswith("/embeddings"):
        return url
    return f"{url}/embeddings" if url.endswith("/v1") else f"{url}/v1/embeddings"


def _read(body: bytes, count: int) -> Vectors:
    try:
        rows = sorted(msgspec.json.decode(body, type=_Answer).data, key=lambda row: row.index)
        found: Any = np.array([row.embedding for row in rows], dtype=np.float32)
    except (msgspec.DecodeError, ValueError) as err:
        raise ServerRefused("The embeddings server answers with something that is no list of vectors.") from err
    if [row.index for row in rows] != list(range(count)) or found.ndim != 2 or not np.isfinite(found).all():
        raise ServerRefused("The embeddings server answers with other vectors than were asked for.")
    return normalised(found)
