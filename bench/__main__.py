"""Run one benchmark; `lyceum bench NAME` starts it beside fresh servers."""

import argparse
import os
from pathlib import Path

import django


def main() -> None:
    django.setup()
    from bench import search as over_index

    parser = argparse.ArgumentParser(prog="lyceum bench")
    names = parser.add_subparsers(dest="name", required=True)
    realtime = names.add_parser(
        "realtime", help="fan-out, durable rooms, a quiet room, opening and people, beside Socket.IO, ws and Channels"
    )
    realtime.add_argument("--listeners", type=int, nargs="+", default=[25, 200, 1000])
    realtime.add_argument(
        "--only", type=lambda text: text.split(","), default=["quiet", "fan-out", "rooms", "connect", "idle", "people"]
    )
    realtime.add_argument("--people-minutes", type=float, default=10.0, metavar="MINUTES")
    realtime.add_argument(
        "--most-minutes", type=float, default=30.0, metavar="MINUTES", help="begin no other part after so long"
    )
    realtime.add_argument("--json", metavar="FILE", help="write the figures and the machine to a file too")
    http = names.add_parser(
        "http", help="25 messages, beside a plain DRF view and Express; the list of 500 conversations"
    )
    taste = names.add_parser(
        "recommendations", help="a training of a million ratings beside ALS, and lists that are not kept yet"
    )
    taste.add_argument("--ratings", type=int, default=1_000_000)
    taste.add_argument("--books", type=int, default=10_000)
    taste.add_argument("--people", type=int, default=200)
    search = names.add_parser(
        "search", help="indexing, search with facets, autocomplete and similar books, beside PostgreSQL's full text"
    )
    search.add_argument("--books", type=int, default=100_000)
    search.add_argument("--data", type=Path, default=over_index.DATA, help="books.csv of goodbooks")
    search.add_argument("--users", type=int, default=over_index.USERS, help="who ask once a second each")
    search.add_argument("--seconds", type=float, default=10.0, help="of each pace")
    search.add_argument("--most-rate", type=float, default=1600.0, help="go no faster than that many a second")
    search.add_argument("--most-minutes", type=float, default=20.0, metavar="MINUTES")
    search.add_argument(
        "--served", action=argparse.BooleanOptionalAction, default=True, help="the whole product too, over HTTP"
    )
    search.add_argument(
        "--engines", action=argparse.BooleanOptionalAction, default=True, help="the engines alone, without HTTP"
    )
    for one in (realtime, http, taste, search):
        one.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    from bench import http as over_http
    from bench import realtime as over_sockets
    from bench import recommendations

    runs = {
        "realtime": over_sockets.run,
        "http": over_http.run,
        "recommendations": recommendations.run,
        "search": over_index.run,
    }
    runs[options.name](dict(os.environ), options)


if __name__ == "__main__":
    main()
