"""A repeat is acknowledged with a number of its own."""

from typing import Any

from msgspec.structs import replace

from lyceum.messaging.sending import Batch, Sent


def plant() -> None:
    outcome = Batch._outcome

    def numbered_anew(batch: Batch, *given: Any) -> Any:
        found = outcome(batch, *given)
        is_repeat = isinstance(found, Sent) and not found.is_new
        return replace(found, sequence=found.sequence + 1) if is_repeat else found

    Batch._outcome = numbered_anew  # type: ignore[method-assign]
