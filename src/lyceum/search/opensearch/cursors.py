"""Places in an answer, to go on from; signed, since a point in time opens the whole index to whoever names it."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.core.signing import BadSignature, Signer

from lyceum.search.contracts import SearchRequest
from lyceum.search.engine import WrongCursor

_signer = Signer(salt="lyceum.search.cursor")


@dataclass(frozen=True)
class Place:
    """The values by which the last hit was sorted, and the point in time that it was seen at, if there was one.

    Where the best were ordered anew, it is how many hits came before.
    """

    after: list[Any]
    point: str = ""
    offset: int = 0


def question_of(request: SearchRequest) -> str:
    """Name a question by what decides its order and its hits; what the asker may see can change on the way."""
    selections = sorted(request.selections.items())
    whole = repr((request.kind, request.query, selections, request.sort))
    return blake2b(whole.encode(), digest_size=8).hexdigest()


def write(question: str, place: Place) -> str:
    return _signer.sign_object([question, place.after, place.point, place.offset])


def read(question: str, cursor: str) -> Place:
    """Return the place; raises WrongCursor for a cursor that we did not give, or gave for another question."""
    try:
        asked, after, point, offset = _signer.unsign_object(cursor)
    except (BadSignature, ValueError, TypeError) as err:
        raise WrongCursor from err
    if asked != question:
        raise WrongCursor
    return Place(after, point, offset)
