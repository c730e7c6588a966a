from typing import Any

import pytest

from lyceum.realtime.handshakes import may_use_cookie

HOST = "chat.example.org:8443"


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        (f"https://{HOST}", True),
        (f"http://{HOST}", True),
        (f"HTTPS://{HOST.upper()}", True),
        ("https://app.example.net", True),
        ("http://app.example.net", False),
        ("https://chat.example.org", False),
        ("https://evil.example", False),
        (f"https://evil@{HOST}", False),
        (f"https://{HOST}.evil.example", False),
        (f"https://{HOST}/path", False),
        (f"ftp://{HOST}", False),
        ("http://[::1", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_cookie_opens_sockets_for_own_and_allowed_pages_alone(settings: Any, origin: str, is_let_in: bool) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.net"]
    assert may_use_cookie({"host": HOST, "origin": origin}) is is_let_in


def test_a_host_that_is_not_served_is_nobodys_own(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    assert not may_use_cookie({"host": "rebound.example", "origin": "http://rebound.example"})
