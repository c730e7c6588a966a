"""Requests as no client library sends them, against a real server."""

import http.client
import json
from typing import Any

from tests.conftest import Person, Site


def ask(site: Site, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Send a request and return its status, headers and document; an iterator as the body goes in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request(method, path, body, headers or {}, encode_chunked=not isinstance(body, str | bytes | None))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(text) if text else None


def signed(person: Person, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json", **more}


def test_a_body_in_chunks_is_read_like_any_other(site: Site) -> None:
    person = site.register("Alice")
    parts = [b'{"timezone": ', b'"Australia/', b'Perth"}']
    headers = signed(person, **{"Transfer-Encoding": "chunked"})
    status, _, document = ask(site, "PATCH", "/api/v1/users/profile/", iter(parts), headers)
    assert (status, document["timezone"]) == (200, "Australia/Perth")


def test_a_body_in_chunks_is_cut_off_at_its_bound(site: Site) -> None:
    person = site.register("Alice")
    headers = signed(person, **{"Transfer-Encoding": "chunked"})
    parts = (b"x" * 65_536 for _ in range(17))
    status, _, document = ask(site, "PATCH", "/api/v1/users/profile/", parts, headers)
    assert (status, document["code"]) == (413, "body_too_large")
    assert ask(site, "GET", "/api/v1/users/profile/", headers=signed(person))[0] == 200


def test_a_query_with_bytes_that_no_query_may_hold_gets_an_answer(site: Site) -> None:
    person = site.register("Alice")
    head = f"GET /api/v1/users/list/?q=\xe9\xff HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.connect()
    connection.sock.sendall(head.encode("latin1") + b"Connection: close\r\n\r\n")
    first = connection.sock.recv(65_536)
    connection.close()
    assert first.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
    assert ask(site, "GET", "/health/")[0] == 200


def test_a_missing_slash_is_helped_over_the_wire(site: Site) -> None:
    person = site.register("Alice")
    status, headers, _ = ask(site, "GET", "/api/v1/users/list?q=a", headers=signed(person))
    assert (status, headers["Location"]) == (308, "list/?q=a")
    status, _, document = ask(site, "POST", "/api/v1/auth/ws-ticket", headers=signed(person))
    assert (status, set(document)) == (200, {"ticket", "expires_at"})


def test_a_picture_travels(site: Site) -> None:
    from io import BytesIO

    from PIL import Image

    person = site.register("Alice")
    file = BytesIO()
    Image.new("RGB", (900, 600), "teal").save(file, "JPEG")
    part = b'--rock\r\nContent-Disposition: form-data; name="file"; filename="me.jpg"\r\n\r\n'
    body = part + file.getvalue() + b"\r\n--rock--\r\n"
    headers = signed(person) | {"Content-Type": "multipart/form-data; boundary=rock"}
    status, _, profile = ask(site, "PUT", "/api/v1/users/avatar/", body, headers)
    assert status == 200
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request("GET", profile["avatar"], headers=signed(person))
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(BytesIO(answer.read())).size == (256, 256)
    connection.close()
