"""Print `.env.example` from the typed environment; a test holds the file against it."""

import textwrap

from lyceum.config.env import Environment


def render() -> str:
    lines = [
        "# Every variable that the server reads. Without any, it runs on its embedded servers.",
        "# Each may also be given as NAME_FILE, a file that holds the value: DATABASE_URL_FILE=/run/secrets/db.",
        "",
    ]
    for name, field in Environment.model_fields.items():
        lines += [f"# {line}" for line in textwrap.wrap(field.description or "", 100)]
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        lines += [f"# {name}={default}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(render(), end="")
