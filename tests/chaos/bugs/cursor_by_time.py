"""Who resumes gets what was written later than what they have, by the clock and not by the sequence."""

from typing import Any

from lyceum.messaging.logs import PermanentLog


def plant() -> None:
    by_sequence = PermanentLog.run

    def run(log: Any, *, above: int = 0, below: int | None = None, limit: int, newest: bool = False) -> Any:
        mark = log._rows.filter(sequence=above).values_list("created_at", flat=True).first()
        if mark is None or below is not None or newest:
            return by_sequence(log, above=above, below=below, limit=limit, newest=newest)
        return list(log._rows.filter(created_at__gt=mark).order_by("created_at")[:limit])

    PermanentLog.run = run  # type: ignore[method-assign]
