"""Jobs of the library; the queue looks here for all of them."""

from lyceum.core.jobs import schedule
from lyceum.library import covers
from lyceum.library.orders import tasks as order_tasks  # noqa: F401
from lyceum.library.recommendations import tasks as recommendation_tasks  # noqa: F401


@schedule("33 4 * * *", "library.sweep_covers")
def sweep_covers(timestamp: int) -> None:
    covers.sweep()
