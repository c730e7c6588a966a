"""What a proxy that ends TLS passes on, as an operator sets it up in docs/how-to.md."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import Site, start_web

HOST = "lyceum.example.org"


@pytest.fixture(scope="module")
def behind(flow_environment: dict[str, str]) -> Iterator[Site]:
    served = {"PUBLIC_URL": f"https://{HOST}", "ALLOWED_HOSTS": HOST, "TRUSTED_PROXIES": "127.0.0.1"}
    production = {"ENVIRONMENT": "production", "LIMITS_ENABLED": "true", "SECRET_KEY": "k" * 50}
    found, process = start_web({**flow_environment, **served, **production})
    yield found
    process.terminate()
    process.wait(20)


def ask(site: Site, path: str, body: object = None, **headers: str) -> tuple[int, bytes, str]:
    data = None if body is None else json.dumps(body).encode()
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", **headers}
    request = urllib.request.Request(f"{site.url}{path}", data, {"Content-Type": "application/json", **sent})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers.get("Set-Cookie", "")
    except urllib.error.HTTPError as err:
        return err.code, err.read(), ""


def test_a_page_of_the_public_address_may_sign_in_and_others_may_not(behind: Site) -> None:
    _, text, cookie = ask(behind, "/api/v1/users/csrf/", Host=HOST)
    assert "Secure" in cookie
    sent = {"Host": HOST, "Cookie": cookie.split(";")[0], "X-CSRFToken": json.loads(text)["csrf_token"]}
    credentials = {"email": "nobody@example.org", "password": "wrong-password"}
    status, text, _ = ask(behind, "/api/v1/users/login/", credentials, Origin=f"https://{HOST}", **sent)
    assert (status, json.loads(text)["code"]) == (401, "invalid_credentials")
    status, text, _ = ask(behind, "/api/v1/users/login/", credentials, Origin="https://evil.example", **sent)
    assert (status, json.loads(text)["code"]) == (403, "csrf_failed")


def test_probes_need_not_name_the_host(behind: Site) -> None:
    assert ask(behind, "/health/", Host="10.1.2.3:8000")[0] == 200
    assert ask(behind, "/health/ready/", Host="10.1.2.3:8000")[0] == 200
    assert ask(behind, "/sign-in/", Host="10.1.2.3:8000")[0] == 400
