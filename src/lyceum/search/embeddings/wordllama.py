"""The built-in model: a vector for each piece of a word, and their mean for a text. Always there, and fast."""

import json
import struct
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from lyceum.search.embeddings.protocol import Vectors, normalised, readable

TENSOR = "embedding.weight"
# Longer texts say nothing more: a mean over so many pieces moves no further.
MAX_TOKENS = 2048


class WordLlama:
    """WordLlama's 256 numbers, read from the files of its package; its own `load()` asks the model hub for them."""

    name, weight, least = "wordllama-l2-256", 0.35, 0.25
    size = 256

    # Both are read when they are needed: most processes only ask for the model's name.
    @cached_property
    def _tokenizer(self) -> Tokenizer:
        found = Tokenizer.from_file(str(_package() / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        found.no_padding()
        found.enable_truncation(MAX_TOKENS)
        return found

    @cached_property
    def _pieces(self) -> np.memmap[tuple[int, int], np.dtype[np.float16]]:
        return read_tensor(_package() / "weights" / "l2_supercat_256.safetensors", TENSOR)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), self.size), dtype=np.float32)
        encoded = self._tokenizer.encode_batch_fast([readable(text) for text in texts], add_special_tokens=False)
        for row, one in enumerate(encoded):
            if one.ids:
                found[row] = self._pieces[one.ids].mean(axis=0, dtype=np.float32)
        return normalised(found)

    embed_queries = embed_passages


def _package() -> Path:
    # Found without being imported: the package itself brings a client of the hub and compiled code.
    spec = find_spec("wordllama")
    assert spec is not None and spec.submodule_search_locations, "wordllama is installed with Lyceum"
    return Path(spec.submodule_search_locations[0])


def read_tensor(path: Path, name: str) -> np.memmap[tuple[int, int], np.dtype[np.float16]]:
    """Map one matrix of halves from a safetensors file: a size, a header in JSON, then the numbers."""
    with path.open("rb") as file:
        (header_size,) = struct.unpack("<Q", file.read(8))
        found = json.loads(file.read(header_size))[name]
    assert found["dtype"] == "F16", found["dtype"]
    start = 8 + header_size + found["data_offsets"][0]
    return np.memmap(path, dtype=np.float16, mode="r", offset=start, shape=tuple(found["shape"]))
