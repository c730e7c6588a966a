"""Frames that nobody should send: each gets its code, and a healthy connection beside does not notice."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Line, Person, Site
from tests.raw import BINARY, CLOSE, PING, PONG, TEXT, RawLine, frame

LIMIT = 128 * 1024
PING_FRAME = json.dumps({"type": "ping"}).encode()


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.register("Alice")


@pytest.fixture(scope="module")
def bob(site: Site) -> Person:
    return site.register("Bob")


@pytest.fixture
async def healthy(bob: Person, each_site: Site) -> AsyncIterator[Line]:
    """A control connection that talks all the time, and must hear every answer in time."""
    line = await (await bob.open(site=each_site)).ready()
    answered = 0

    async def talk() -> None:
        nonlocal answered
        while True:
            await line.send(type="ping")
            await line.hear("pong", within=15)
            answered += 1
            await asyncio.sleep(0.02)

    task = asyncio.create_task(talk())
    yield line
    before = answered
    async with asyncio.timeout(15):
        while answered == before:
            assert not task.done()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


CASES = {
    "a binary frame": (frame(b"binary", BINARY), 4409),
    "a text frame of 128 KiB and one byte": (frame(b"x" * (LIMIT + 1)), 4409),
    "a text frame of 16 MiB, announced": (b"\x81\xff" + (16 * 2**20).to_bytes(8) + b"abcd" + b"x" * 1000, 4409),
    "fragments of more than 128 KiB together": (
        frame(b"x" * 100_000, fin=False) + frame(b"x" * 100_000, 0x0),
        4409,
    ),
    "text that is not UTF-8": (frame(b"\xff\xfe{}"), 1007),
    "a lone surrogate in UTF-8": (frame(b'"\xed\xa0\x80"'), 1007),
    "an unknown opcode": (frame(b"x", 0x3), 1002),
    "an unknown control opcode": (frame(b"x", 0xB), 1002),
    "a reserved bit": (frame(PING_FRAME, reserved=4), 1002),
    "an unmasked frame": (frame(PING_FRAME, masked=False), 1002),
    "a fragmented ping": (frame(b"x", PING, fin=False), 1002),
    "a ping of 126 bytes": (frame(b"x" * 126, PING), 1002),
    "a continuation of nothing": (frame(b"x", 0x0), 1002),
    "a new message inside a fragmented one": (frame(b"{", fin=False) + frame(b"{}"), 1002),
    "a close with one byte": (frame(b"\x03", CLOSE), 1002),
    "a close with a code that is not for wires": (frame((1006).to_bytes(2), CLOSE), 1002),
    "a close with a reason that is not UTF-8": (frame((1000).to_bytes(2) + b"\xff", CLOSE), 1007),
    "a length with its highest bit": (b"\x81\xff" + b"\xff" * 8 + b"abcd", 4409),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_malformed_frame_ends_its_own_connection(
    alice: Person, each_site: Site, healthy: Line, name: str
) -> None:
    sent, code = CASES[name]
    line = await RawLine.open(each_site, alice)
    line.writer.write(sent)
    assert await line.closed() == code
    line.close()


async def test_what_is_odd_but_allowed_is_served(alice: Person, each_site: Site, healthy: Line) -> None:
    line = await RawLine.open(each_site, alice)
    whole = json.dumps({"type": "ping", "pad": "x" * (LIMIT - 40)}).encode()
    assert len(whole) <= LIMIT
    line.writer.write(frame(whole))
    for byte in PING_FRAME[:-1]:
        line.writer.write(frame(bytes([byte]), TEXT if byte == PING_FRAME[0] else 0x0, fin=False))
        line.writer.write(frame(b"between", PING))
    line.writer.write(frame(PING_FRAME[-1:], 0x0))
    line.writer.write(frame(b"unasked", PONG))
    line.writer.write(b"".join(frame(b"flood", PING) for _ in range(1000)))
    answers = {TEXT: 0, PONG: 0}
    async with asyncio.timeout(10):
        while answers[PONG] < 1000 + len(PING_FRAME) - 1 or answers[TEXT] < 4:
            opcode, payload = await line.next()
            answers[opcode] += 1
            assert opcode != TEXT or json.loads(payload)["type"] in (
                "pong",
                "connection_established",
                "presence_snapshot",
            )
    line.close()


async def test_half_handshakes_and_broken_lines_cost_nobody_anything(
    alice: Person, each_site: Site, healthy: Line
) -> None:
    for text in (b"", b"GET /ws/ HTTP/1.1\r\nHost: x\r\n", b"\x00\x01\x02", b"GET /ws/ HTTP/1.1\r\nUpgrade: websocket"):
        for _ in range(25):
            (await RawLine.dial(each_site)).writer.write(text)
    for _ in range(10):
        broken = await RawLine.open(each_site, alice)
        broken.writer.write(frame(PING_FRAME)[:5])
        broken.close()
    line = await (await alice.open(site=each_site)).ready()
    await line.until_pong()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Connection": "close"},
    ],
)
async def test_what_is_no_handshake_gets_an_http_error(site: Site, headers: dict[str, str]) -> None:
    sent = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    line = await RawLine.dial(site)
    head = "GET /ws/ HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
    line.writer.write(head.encode())
    status = int((await asyncio.wait_for(line.reader.readline(), 5)).split()[1])
    assert 400 <= status < 500
