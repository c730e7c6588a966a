"""Where a home's workspace is served: `lyceum up` notes it, and the other commands go by it."""

import json
import os
from dataclasses import asdict, dataclass

from lyceum.runtime.home import Home


@dataclass(frozen=True)
class Served:
    """The socket of the web process, and the address that people open."""

    host: str
    port: int
    public_url: str


def note(home: Home, served: Served) -> None:
    """Keep it, also over a stop: links in mails lead to where the workspace was last."""
    path = home.folder("run") / "served.json"
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(json.dumps(asdict(served)))
    part.replace(path)


def last(home: Home) -> Served | None:
    """Return what the last start noted; None where nothing was started, or nobody may read it."""
    try:
        return Served(**json.loads((home.root / "run" / "served.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
