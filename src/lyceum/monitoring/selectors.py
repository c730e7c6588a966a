from dataclasses import dataclass

from django.db import connection

from lyceum.monitoring.numbers import Numbers

WAITING = """
select (select count(*) from core_outboxevent where delivered_at is null),
  (select extract(epoch from now() - min(created_at)) from core_outboxevent where delivered_at is null),
  (select count(*) from procrastinate_jobs where status = 'todo' and (scheduled_at is null or scheduled_at <= now())),
  (select count(*) from procrastinate_jobs where status = 'doing')
"""


@dataclass(frozen=True)
class Queues:
    """What waits in the database: facts for their receivers, and jobs for the worker."""

    events: int
    oldest_event_seconds: float
    jobs: int
    running_jobs: int


def queues() -> Queues:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        events, oldest, jobs, running = cursor.fetchone()
    return Queues(events, float(oldest or 0), jobs, running)


@dataclass(frozen=True)
class Overview:
    """All processes together, as the page shows them."""

    processes: list[Numbers]
    sockets: int
    groups: int
    buffered_bytes: int
    frames_in: int
    frames_out: int
    cut_off: int
    requests: int


def overview(processes: list[Numbers]) -> Overview:
    def gauge(name: str) -> int:
        return int(sum(numbers.gauges.get(name, 0) for numbers in processes))

    def total(name: str, last_label: str | None = None) -> int:
        return sum(numbers.total(name, last_label) for numbers in processes)

    requests = sum(int(sum(span[:-1])) for one in processes for name, _, span in one.spans if name == "http_request")
    return Overview(
        processes,
        gauge("sockets_all") + gauge("sockets_one"),
        gauge("groups"),
        gauge("buffered_bytes"),
        total("frames_in"),
        total("frames_out"),
        total("sockets_closed", "4408"),
        requests,
    )
