from dataclasses import dataclass

from django.db import connection

from lyceum.monitoring.numbers import Numbers
from lyceum.search import public as search
from lyceum.search.public import IndexState

WAITING = """
select (select count(*) from core_outboxevent where delivered_at is null),
  (select extract(epoch from now() - min(created_at)) from core_outboxevent where delivered_at is null),
  (select count(*) from procrastinate_jobs where status = 'todo' and (scheduled_at is null or scheduled_at <= now())),
  (select count(*) from procrastinate_jobs where status = 'doing')
"""


@dataclass(frozen=True)
class Queues:
    """What waits in the database: facts for their receivers, jobs for the worker, changes for the indexer."""

    events: int
    oldest_event_seconds: float
    jobs: int
    running_jobs: int
    index: IndexState


def queues() -> Queues:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        events, oldest, jobs, running = cursor.fetchone()
    return Queues(events, float(oldest or 0), jobs, running, search.state())


@dataclass(frozen=True)
class Overview:
    """All processes together, as the page shows them."""

    processes: list[Numbers]
    sockets: int
    groups: int
    buffered_bytes: int
    frames_in: float
    frames_out: float
    requests: float
    cut_off: int
    writer_waiting: int
    pool_waiting: int


def overview(processes: list[Numbers]) -> Overview:
    def gauge(name: str) -> int:
        return int(sum(numbers.gauges.get(name, 0) for numbers in processes))

    def rate(name: str) -> float:
        return sum(numbers.rates.get(name, 0.0) for numbers in processes)

    return Overview(
        processes,
        gauge("sockets_all") + gauge("sockets_one"),
        gauge("groups"),
        gauge("buffered_bytes"),
        rate("frames_in"),
        rate("frames_out"),
        rate("requests"),
        sum(numbers.total("sockets_closed", "4408") for numbers in processes),
        gauge("writer_waiting"),
        gauge("pool_waiting") + gauge("hot_pool_waiting"),
    )
