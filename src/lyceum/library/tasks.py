"""Jobs of the library; the queue looks here for all of them."""

from lyceum.library.orders import tasks as order_tasks  # noqa: F401
