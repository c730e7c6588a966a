"""Jobs of the library; the queue looks here for all of them."""

from lyceum.core.jobs import job, schedule
from lyceum.library import covers, suggestions
from lyceum.library.orders import tasks as order_tasks  # noqa: F401
from lyceum.library.recommendations import tasks as recommendation_tasks  # noqa: F401


@job("library.suggest_categories")
def suggest_categories() -> int:
    return suggestions.suggest()


@schedule("10 3 * * *", "library.suggest_categories_nightly")
def suggest_categories_nightly(timestamp: int) -> None:
    suggestions.suggest()


@schedule("33 4 * * *", "library.sweep_covers")
def sweep_covers(timestamp: int) -> None:
    covers.sweep()
