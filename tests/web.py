"""A web process with other constants: `python -m tests.web PORT [lyceum.module.NAME=JSON ...]`."""

import importlib
import json
import sys

from lyceum.runtime.web import serve


def main(port: str, *constants: str) -> None:
    import django

    django.setup()
    for constant in constants:
        name, _, value = constant.partition("=")
        module, _, attribute = name.rpartition(".")
        owner = importlib.import_module(module)
        assert hasattr(owner, attribute), name
        setattr(owner, attribute, json.loads(value))
    serve("127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
