"""What this web process does now, as numbers that any process can tell for it."""

import os
import socket
import time
from typing import Any, cast

import msgspec

from lyceum.core import tallies
from lyceum.core.database import pool_gauges
from lyceum.realtime.connections import Connection
from lyceum.realtime.hub import hub

STARTED = time.time()


class Numbers(msgspec.Struct):
    """One process at one moment. `counts` and `spans` grow from its start; `gauges` are as of now,
    and `rates` are a second's share of what happened since the telling before."""

    process: str
    at: float
    started: float
    gauges: dict[str, float]
    counts: list[tuple[str, tuple[str, ...], int]]
    spans: list[tuple[str, tuple[str, ...], list[float]]]
    rates: dict[str, float] = {}

    def total(self, name: str, last_label: str | None = None) -> int:
        """Add up what was counted under a name, or under it with this last label."""
        found = [(labels, value) for counted, labels, value in self.counts if counted == name]
        return sum(value for labels, value in found if last_label is None or labels[-1] == last_label)

    def happened(self, name: str) -> int:
        """Add up how often something that is measured has happened."""
        return sum(int(sum(span[:-1])) for measured, _, span in self.spans if measured == name)

    @property
    def sockets(self) -> int:
        return int(self.gauges["sockets_all"] + self.gauges["sockets_one"])

    @property
    def lag_ms(self) -> float:
        return self.gauges["loop_lag_seconds"] * 1000


def process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def read(*, lag: float) -> Numbers:
    """Take the numbers of this process; only in its event loop, with how late the loop was."""
    told = {name: tell() for name, tell in list(tallies.gauges.items())}
    gauges = {**_sockets(), **pool_gauges(), **told, "loop_lag_seconds": lag}
    counts = [(name, labels, value) for (name, labels), value in list(tallies.counts.items())]
    spans = [(name, labels, list(span)) for (name, labels), span in list(tallies.spans.items())]
    return Numbers(process_name(), time.time(), STARTED, gauges, counts, spans)


def rates(before: Numbers, now: Numbers) -> dict[str, float]:
    """Return what happened a second between two tellings of one process."""
    seconds = max(now.at - before.at, 0.001)
    happened = {name: now.total(name) - before.total(name) for name in ("frames_in", "frames_out")}
    happened["requests"] = now.happened("http_request") - before.happened("http_request")
    return {name: count / seconds for name, count in happened.items()}


def _sockets() -> dict[str, float]:
    members = [cast(Connection, member) for member in hub().everyone()]
    return {
        "sockets_all": sum(member.is_multiplexed for member in members),
        "sockets_one": sum(not member.is_multiplexed for member in members),
        "groups": len(hub().groups),
        "buffered_bytes": sum(_buffered(member.writer) for member in members),
    }


def _buffered(writer: Any) -> int:
    """Return how many bytes wait for a reader, in whichever way it is written to."""
    transport = getattr(writer, "_transport", None)
    waiting = 0 if transport is None or transport.is_closing() else transport.get_write_buffer_size()
    return int(getattr(writer, "_bytes", 0)) + int(waiting)
