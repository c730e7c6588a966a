"""System checks: whether the model that is asked for can be had."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from lyceum.search import embeddings


@register()
def embeddings_model(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.EMBEDDINGS == "bge" and not embeddings.has_bge(settings.MODELS_DIR):
        hint = "Run `lyceum models fetch` (and pip install 'lyceum[ml]'), or set EMBEDDINGS=auto."
        return [Error(f"EMBEDDINGS is bge, which is not in {settings.MODELS_DIR}.", hint=hint, id="search.E001")]
    has_server = settings.EMBEDDINGS == "server" or settings.EMBEDDINGS_URL
    if has_server and not (settings.EMBEDDINGS_URL and settings.EMBEDDINGS_MODEL):
        hint = "Set both to the address of the server and the name of its model."
        return [Error("EMBEDDINGS_URL and EMBEDDINGS_MODEL belong together.", hint=hint, id="search.E002")]
    return []
