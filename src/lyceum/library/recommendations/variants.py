"""Groups of readers that get their lists made in different ways, so that the ways can be compared by what is used."""

from hashlib import sha256
from math import inf
from uuid import UUID

from django.conf import settings

from lyceum.library.recommendations.mixing import Recipe

# `recent` lets the newest signals lead; `steady` takes all of a reader's past alike.
HALF_LIVES = {"recent": 5.0, "steady": inf}
SALT = "recommendations"


def variant_of(user_id: UUID, names: list[str] | None = None) -> str:
    """Return a reader's group: the same each time, on each machine, and as large as the others."""
    names = names or settings.RECOMMENDATION_VARIANTS
    place = int.from_bytes(sha256(f"{SALT}:{user_id}".encode()).digest()[:8])
    return names[place % len(names)]


def recipe_of(variant: str) -> Recipe:
    return Recipe(
        half_life=HALF_LIVES[variant],
        personal=settings.RECOMMENDATION_PERSONAL_SHARE,
        behaviour=settings.RECOMMENDATION_BEHAVIOUR_SHARE,
    )
