"""The models that give texts their meaning as vectors, and which of them this workspace uses."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from lyceum.search import model_files
from lyceum.search.embeddings.bge import BgeSmall
from lyceum.search.embeddings.protocol import Embedder, Vectors
from lyceum.search.embeddings.server import ServerEmbedder
from lyceum.search.embeddings.wordllama import WordLlama

__all__ = ["BgeSmall", "Embedder", "ServerEmbedder", "Vectors", "WordLlama", "by_name", "chosen", "has_bge"]


def chosen() -> Embedder:
    """Return the model that the settings ask for: a server that is named, else bge where it can run, else WordLlama."""
    wish = settings.EMBEDDINGS
    if wish == "server" or (wish == "auto" and settings.EMBEDDINGS_URL):
        return _server()
    if wish == "bge" or (wish == "auto" and has_bge(settings.MODELS_DIR)):
        return _bge(settings.MODELS_DIR)
    return _wordllama()


def by_name(name: str) -> Embedder | None:
    """Return the model of stored vectors, so that questions meet them; None where it cannot be had any more."""
    if name == WordLlama.name:
        return _wordllama()
    if name == BgeSmall.name and has_bge(settings.MODELS_DIR):
        return _bge(settings.MODELS_DIR)
    return _server() if settings.EMBEDDINGS_URL and name == settings.EMBEDDINGS_MODEL else None


def has_bge(folder: Path) -> bool:
    """Say whether the model's files are there, and what runs them."""
    return model_files.are_there(folder) and find_spec("onnxruntime") is not None


@lru_cache(maxsize=1)
def _wordllama() -> WordLlama:
    return WordLlama()


@lru_cache(maxsize=1)
def _bge(folder: Path) -> BgeSmall:
    return BgeSmall(folder)


@lru_cache(maxsize=1)
def _connected(url: str, model: str, key: str, prefix: str, weight: float, least: float) -> ServerEmbedder:
    return ServerEmbedder(url, model, key=key, query_prefix=prefix, weight=weight, least=least)


def _server() -> ServerEmbedder:
    return _connected(
        settings.EMBEDDINGS_URL,
        settings.EMBEDDINGS_MODEL,
        settings.EMBEDDINGS_API_KEY,
        settings.EMBEDDINGS_QUERY_PREFIX,
        settings.EMBEDDINGS_WEIGHT,
        settings.EMBEDDINGS_LEAST,
    )
