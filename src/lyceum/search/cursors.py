"""Where an answer ended, as a text that only the same question takes back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import blake2b
from typing import Any

import msgspec

from lyceum.search.contracts import SearchRequest
from lyceum.search.engine import WrongCursor


def write(question: str, place: Any) -> str:
    """Write a place (anything that is JSON) for a question by its name."""
    return urlsafe_b64encode(msgspec.json.encode([question, place])).decode().rstrip("=")


def read(request: SearchRequest) -> Any:
    """Return the place of the request's cursor; raises WrongCursor for one that is none or another question's."""
    try:
        padded = request.cursor + "=" * (-len(request.cursor) % 4)
        question, place = msgspec.json.decode(urlsafe_b64decode(padded.encode()), type=tuple[str, Any])
    except (msgspec.DecodeError, Error, ValueError) as err:
        raise WrongCursor from err
    if question != question_of(request):
        raise WrongCursor
    return place


def question_of(request: SearchRequest) -> str:
    """Name what is asked, but for what is shown of it and who asks."""
    selections = sorted((name, repr(found)) for name, found in request.selections.items())
    whole = [request.kind, request.query.text, repr(request.query), selections, repr(request.sort)]
    return blake2b(msgspec.json.encode(whole), digest_size=6).hexdigest()
