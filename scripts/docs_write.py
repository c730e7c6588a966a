"""Write the tables of `docs/` that are made from the product itself; `--check` only says which are not true."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
METHODS = ("get", "post", "put", "patch", "delete")
# Enough for the settings to load; nothing connects.
PLACEHOLDERS = {
    "DJANGO_SETTINGS_MODULE": "lyceum.config.settings",
    "DATABASE_URL": "postgresql:///none",
    "REDIS_URL": "redis://none",
    "SECRET_KEY": "for documents only",
}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def settings() -> str:
    from lyceum.config.env import Environment

    rows = []
    for name, field in Environment.model_fields.items():
        default = field.default.lower() if isinstance(field.default, str) and not field.default else field.default
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        rows.append([f"`{name}`", f"`{shown}`" if shown else "—", field.description or ""])
    return table(["variable", "default", "meaning"], rows)


def paths() -> str:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    with GENERATOR_STATS.silence():
        found: dict[str, dict[str, Any]] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    rows = []
    for path, doors in found.items():
        methods = " ".join(method.upper() for method in METHODS if method in doors)
        rows.append([f"`{path.removeprefix('/api/v1/')}`", methods])
    return table(["below `/api/v1/`", "methods"], rows)


# What the framework refuses by itself; everything else is a class of ours.
FRAMEWORK_STATUS = {"method_not_allowed": 405, "not_acceptable": 406, "unsupported_media_type": 415, "internal": 500}
# Raised towards jobs and other servers, never towards a client.
INTERNAL = {"lyceum.core.mail", "lyceum.core.outbound", "lyceum.messaging.sending", "lyceum.notifications.devices"}


def codes() -> str:
    import lyceum.config.urls  # noqa: F401  # loads every door, and with it every refusal
    from lyceum.core.errors import DomainError
    from lyceum.core.problems import TITLES

    found = {(status, code, TITLES[code]) for code, status in FRAMEWORK_STATUS.items()}
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind) and kind is not DomainError and kind.__module__ not in INTERNAL:
            found.add((kind.status, kind.code, kind.title))
    found.add((400, "invalid", TITLES["invalid"]))
    return table(
        ["status", "`code`", "meaning"], [[str(status), f"`{code}`", title] for status, code, title in sorted(found)]
    )


def _frames(side: str) -> str:
    from lyceum.realtime.asyncapi import document

    components = document()["components"]
    rows = []
    for key, message in components["messages"].items():
        if key.startswith(side):
            rows.append([f"`{message['name']}`", ", ".join(_fields(message["payload"], components["schemas"])) or "—"])
    return table(["frame", "fields"], rows)


def _fields(payload: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    while "$ref" in payload:
        payload = schemas[payload["$ref"].rsplit("/", 1)[1]]
    required = payload.get("required", [])
    for name in payload.get("properties", {}):
        if name not in ("type", "timestamp", "conversation"):
            yield f"`{name}`" if name in required else f"`{name}?`"


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "paths": paths,
    "codes": codes,
    "client-frames": lambda: _frames("client_"),
    "server-frames": lambda: _frames("server_"),
}


def written(text: str) -> str:
    """Return a page with its generated parts as they have to be."""
    return PART.sub(lambda part: part[1] + PARTS[part[2]]() + part[3], text)


def main() -> int:
    os.environ.update(PLACEHOLDERS)
    import django

    django.setup()
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (new := written(text)) != text:
            stale.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"Not true any more: {', '.join(stale)}. Run make docs.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
