"""Every example of the documents runs as it stands, against a real server with the demo content."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Site
from tests.docs.blocks import DOCS, program, promised

ROOT = DOCS.parent
NODE = shutil.which("node")


def run(site: Site, page: Path, language: str, command: list[str]) -> None:
    source, outputs = program(page, language)
    assert "127.0.0.1:8000" in source
    source = source.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}")
    done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert outputs
    assert promised(outputs).search(done.stdout), done.stdout


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl or no bash")
@pytest.mark.parametrize("page", ["README.md", "docs/api.md", "docs/tutorial.md"])
def test_curl(school: Site, page: str) -> None:
    run(school, ROOT / page, "sh", ["bash", "-euo", "pipefail"])


@pytest.mark.parametrize("page", ["docs/api.md", "docs/tutorial.md"])
def test_python(school: Site, page: str) -> None:
    run(school, ROOT / page, "python", [sys.executable, "-"])


@pytest.mark.skipif(NODE is None, reason="no Node")
def test_javascript(school: Site) -> None:
    # Node 20 has the browsers' WebSocket behind this flag, Node 22 without.
    run(school, DOCS / "api.md", "js", [NODE or "", "--experimental-websocket", "--input-type=module", "-"])
