"""Make `src/` importable in this environment and put the `lyceum` command beside its Python."""

import site
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
Path(site.getsitepackages()[0], "lyceum.pth").write_text(f"{SOURCE}\n")
command = Path(sys.executable).parent / "lyceum"
command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lyceum.runtime.cli "$@"\n')
command.chmod(0o755)
