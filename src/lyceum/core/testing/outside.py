"""Somebody else's server, real and on this machine: it keeps what it is asked, and answers as the test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Reply:
    """One answer; a server that holds it back until `held` is set keeps its caller waiting."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    held: threading.Event | None = None


class Outside:
    """What was asked, in order, and the replies that come next; without any each request gets `usual`."""

    def __init__(self, usual: Reply) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply] = []
        self.usual = usual
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def _take(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.replies.pop(0) if self.replies else self.usual


@contextmanager
def serving(usual: Reply | None = None) -> Iterator[Outside]:
    """Serve on a port of this machine until the block ends."""
    outside = Outside(usual or Reply())

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = outside._take(Request(self.command, self.path, self.headers, body))
            if reply.held is not None:
                reply.held.wait(20)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the test looks at the requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    outside.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield outside
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
