"""Vectors kept on disk by model and text, for evaluations: a slow model sees each text once."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from lyceum.search.embeddings.protocol import Embedder, Vectors

DIGEST_BYTES = 16
# Written so often, so that a run that is cut off goes on where it stood.
PIECE = 64


class KeptEmbedder:
    """An embedder that looks texts up in a file before it asks the model behind it."""

    def __init__(self, inner: Embedder, folder: Path, *, say: Callable[[str], None] = lambda text: None) -> None:
        self.name, self.size, self.weight, self.least = inner.name, inner.size, inner.weight, inner.least
        self._inner, self._say = inner, say
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{inner.name}-{inner.size}.vectors"
        self._record = np.dtype([("digest", f"V{DIGEST_BYTES}"), ("vector", np.float32, (inner.size,))])
        self._known = dict(self._read())

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed("passage", texts, self._inner.embed_passages)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed("query", texts, self._inner.embed_queries)

    def _embed(self, kind: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
        digests = [hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:DIGEST_BYTES] for text in texts]
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._known}
        new = list(missing.items())
        for start in range(0, len(new), PIECE):
            piece = new[start : start + PIECE]
            self._keep([digest for digest, _ in piece], embed([text for _, text in piece]))
            self._say(f"{self.name}: {min(start + PIECE, len(new))} of {len(new)} {kind} texts")
        return np.stack([self._known[digest] for digest in digests]) if texts else np.zeros((0, self.size), np.float32)

    def _keep(self, digests: list[bytes], vectors: Vectors) -> None:
        records = np.zeros(len(digests), dtype=self._record)
        records["digest"] = [np.void(digest) for digest in digests]
        records["vector"] = vectors
        # One write at the end of the file: what another process adds at the same time stands before or after it.
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, records.tobytes())
        finally:
            os.close(descriptor)
        self._known.update(zip(digests, vectors, strict=True))

    def _read(self) -> Iterator[tuple[bytes, Vectors]]:
        if not self._file.exists():
            return
        # What a run that was cut off left half-written would put all behind it out of step.
        content = self._file.read_bytes()
        whole = len(content) - len(content) % self._record.itemsize
        os.truncate(self._file, whole)
        for record in np.frombuffer(content[:whole], dtype=self._record):
            yield bytes(record["digest"]), record["vector"]
