"""What turns texts into vectors. Vectors of two models never meet: each is kept with its model's name and size."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Gives vectors of length one, a row for each text, so that a product of two is their cosine.

    The vector of a text depends on that text alone, never on what is embedded beside it.
    """

    name: str
    # How much its cosines count beside words: one for everything, found by `lyceum evaluate retrieval`.
    weight: float
    # The cosine below which a text has hardly anything to do with a question: what is left of the judged answers (5 %).
    least: float

    @property
    def size(self) -> int:
        """Return how many numbers a vector has; the first call may ask a server."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed what is to be found; raises Unavailable where a server behind it does not answer."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what people ask; some models want other words before it than before a passage."""
        ...


def readable(text: str) -> str:
    """Put a question mark for half a character, which no tokeniser takes."""
    return text.encode("utf-8", "replace").decode()


def normalised(rows: Vectors) -> Vectors:
    """Bring each row to length one; a row of zeros (a text without a known word) stays what it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)
