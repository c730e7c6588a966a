"""Every example of the documents runs as it stands, against a real server with the demo content."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Site, make_database, start_web
from tests.docs.blocks import DOCS, program, promised

ROOT = DOCS.parent
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def demo_site(worker_id: str) -> Iterator[Site]:
    environment = make_database(f"docs_{worker_id}")
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "demo"], env=environment, check=True)
    found, process = start_web(environment)
    yield found
    process.terminate()
    process.wait(20)


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
def test_curl(demo_site: Site, page: str) -> None:
    run(demo_site, ROOT / page, "sh", ["bash", "-euo", "pipefail"])


@pytest.mark.parametrize("page", ["docs/api.md", "docs/tutorial.md"])
def test_python(demo_site: Site, page: str) -> None:
    run(demo_site, ROOT / page, "python", [sys.executable, "-"])


@pytest.mark.skipif(NODE is None, reason="no Node")
def test_javascript(demo_site: Site) -> None:
    # Node 20 has the browsers' WebSocket behind this flag, Node 22 without.
    run(demo_site, DOCS / "api.md", "js", [NODE or "", "--experimental-websocket", "--input-type=module", "-"])
