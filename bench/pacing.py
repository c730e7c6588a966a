"""Asking at a pace: at moments that chance spreads, whatever the answers take, and faster until the limit is left."""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.report import Report
from bench.stage import percentile

THREADS = 8
# Milliseconds at p95 (spec, "Must reach").
LIMITS = {"search": 25.0, "autocomplete": 5.0, "similar": 10.0}
Ask = Callable[[], object]


def paces(report: Report, name: str, ask: Ask, limit: float, options: argparse.Namespace) -> None:
    """Ask at the pace of 25 users, then faster and faster until the limit is left."""
    for _ in range(100):
        ask()
    rate = float(options.users)
    last = 0.0
    while True:
        delays, work = paced(ask, rate, options.seconds)
        p50, p95, p99 = (percentile(delays, share) for share in (0.5, 0.95, 0.99))
        waits = f"p50 {p50:7.2f}  p95 {p95:7.2f}  p99 {p99:7.2f} ms (limit {limit:g})"
        line = f"{rate:6,.0f} a second: {waits}, {work:.2f} ms of work here"
        report.add(name, f"{rate:g}", line, p50_ms=p50, p95_ms=p95, p99_ms=p99, work_ms=work)
        if p95 > limit or rate >= options.most_rate or not report.has_time(name):
            break
        last, rate = rate, rate * 2
    print(f"  {name}: within the limit up to {last:,.0f} a second" if p95 > limit else f"  {name}: within it at all")


def paced(ask: Ask, rate: float, seconds: float) -> tuple[list[float], float]:
    """Ask at moments spread by chance, and return what each waited, also for a free thread, and the work of one.

    The work is processor time of this process, which other programs of the machine do not lengthen.
    """
    chance, worked = random.Random(11), time.process_time()
    moments = sorted(chance.uniform(0, seconds) for _ in range(int(rate * seconds)))
    started = time.perf_counter()

    def one(moment: float) -> float:
        ask()
        return (time.perf_counter() - started - moment) * 1000

    with ThreadPoolExecutor(THREADS) as pool:
        delays = [future.result() for future in [pool.submit(one, moment) for moment in _in_time(moments, started)]]
    return delays, (time.process_time() - worked) * 1000 / len(delays)


def _in_time(moments: Sequence[float], started: float) -> Iterator[float]:
    for moment in moments:
        wait = moment - (time.perf_counter() - started)
        if wait > 0:
            time.sleep(wait)
        yield moment
