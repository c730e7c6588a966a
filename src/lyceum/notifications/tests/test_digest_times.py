"""When a digest is due: every hour, or at 8 in the morning where the person is."""

from datetime import UTC, datetime

import pytest

from lyceum.notifications.digests import slot


@pytest.mark.parametrize(
    ("kind", "zone", "now", "due"),
    [
        ("hourly", "UTC", "2026-11-24T09:07", "2026-11-24T09:00"),
        ("hourly", "Asia/Kolkata", "2026-11-24T09:07", "2026-11-24T08:30"),
        ("daily", "UTC", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("daily", "UTC", "2026-11-24T13:59", "2026-11-24T08:00"),
        ("daily", "UTC", "2026-11-24T14:00", None),
        ("daily", "UTC", "2026-11-24T07:59", None),
        ("daily", "Australia/Perth", "2026-11-24T00:07", "2026-11-24T00:00"),
        ("daily", "America/New_York", "2026-11-24T13:07", "2026-11-24T13:00"),
        ("daily", "America/New_York", "2026-07-24T12:07", "2026-07-24T12:00"),
        ("off", "UTC", "2026-11-24T09:07", None),
    ],
)
def test_the_time_of_a_digest(kind: str, zone: str, now: str, due: str | None) -> None:
    found = slot(kind, zone, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(due).replace(tzinfo=UTC) if due else None)
