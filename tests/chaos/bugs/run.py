"""A web process with a planted bug: `python -m tests.chaos.bugs.run BUG --port PORT`, once after `--prepare`."""

import argparse
import importlib

from lyceum.runtime import schema
from lyceum.runtime.commands import SETTINGS
from lyceum.runtime.web import serve


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bug")
    parser.add_argument("--port", type=int)
    parser.add_argument("--prepare", action="store_true")
    options = parser.parse_args()
    schema.set_up_django(SETTINGS)
    bug = importlib.import_module(f"tests.chaos.bugs.{options.bug}")
    if options.prepare:
        from django.db import connection

        for statement in getattr(bug, "SCHEMA", ()):
            connection.cursor().execute(statement)
        return
    bug.plant()
    serve("127.0.0.1", options.port)


if __name__ == "__main__":
    main()
