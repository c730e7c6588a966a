"""Files in a bucket as browsers get them: over the wire, from a real web process."""

import http.client
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lyceum.core.testing.buckets import BucketServer
from tests.conftest import Person, Site, start_web

MEGABYTE = 1024 * 1024
DATA = b"%PDF-1.7\n" + os.urandom(20 * MEGABYTE)


@pytest.fixture
def bucket_site(flow_environment: dict[str, str], bucket_server: BucketServer) -> Iterator[Site]:
    """A process that keeps its files in a bucket, and gives up a server that hangs sooner than others."""
    own = {**flow_environment, "STORAGE_URL": bucket_server.url(bucket_server.make())}
    site, process = start_web(own, core__buckets__ANSWER_SECONDS=1)
    site.environment = {**own, "PID": str(process.pid)}
    yield site
    process.terminate()
    process.wait(20)


def memory(site: Site) -> int:
    return int(Path(f"/proc/{site.environment['PID']}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ask(person: Person, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", person.site.port, timeout=20)
    connection.request(method, path, headers={"Authorization": f"Bearer {person.token}", **headers})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def begin(person: Person, path: str) -> socket.socket:
    """Ask for a file and read nothing but its beginning."""
    line = socket.create_connection(("127.0.0.1", person.site.port), 20)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n\r\n"
    line.sendall(head.encode())
    assert line.recv(15) == b"HTTP/1.1 200 OK"
    return line


def test_a_file_comes_whole_in_parts_and_piece_by_piece_and_a_hanging_bucket_stops_nothing_else(
    bucket_site: Site, bucket_server: BucketServer
) -> None:
    alice = bucket_site.register("Alice")
    path = alice.upload("POST", "chat/attachments/", "long.pdf", DATA).data["url"]
    status, headers, body = ask(alice, path)
    assert (status, headers["Content-Length"], body == DATA) == (200, str(len(DATA)), True)
    status, headers, body = ask(alice, path, Range="bytes=10000000-10000099")
    assert (status, headers["Content-Range"]) == (206, f"bytes 10000000-10000099/{len(DATA)}")
    assert body == DATA[10_000_000:10_000_100]

    status, headers, body = ask(alice, path, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(DATA)), b"")

    reading = begin(alice, path)
    bucket_server.hang()
    got = sum(len(piece) for piece in iter(lambda: reading.recv(64 * 1024), b""))
    assert 0 < got < len(DATA), "a file that breaks off must not look whole"
    began = time.monotonic()
    refused = alice.call("GET", path.removeprefix("/api/v1/"))
    assert (refused.status, refused.data["code"], refused.headers["Retry-After"]) == (503, "unavailable", "3")
    assert alice.call("GET", "users/profile/").status == 200
    assert time.monotonic() - began < 1
    assert len(bucket_site.logged("storage_away")) >= 1
    assert not bucket_site.logged("Exception in ASGI", "fault")
    bucket_server.go_on()
    ends = time.monotonic() + 20
    while ask(alice, path)[0] != 200:
        assert time.monotonic() < ends, "the bucket is asked again"
        time.sleep(0.2)


def test_who_reads_slowly_or_leaves_takes_no_thread_and_little_memory(bucket_site: Site) -> None:
    alice = bucket_site.register("Alice")
    path = alice.upload("POST", "chat/attachments/", "long.pdf", DATA).data["url"]
    assert ask(alice, path)[2] == DATA
    before = memory(bucket_site)
    # More than the process has threads for requests.
    readers = [begin(alice, path) for _ in range(16)]
    assert alice.call("GET", "users/profile/").status == 200
    assert memory(bucket_site) - before < 16 * len(DATA) / 2
    assert readers[0].recv(1000)
    for reader in readers:
        reader.close()
    assert ask(alice, path)[2] == DATA
