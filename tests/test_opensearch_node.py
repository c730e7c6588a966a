import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from scripts import opensearch

from lyceum.runtime.home import CannotRun

SCRIPT = Path(opensearch.__file__)


def test_who_asks_at_the_same_time_gets_the_same_node(opensearch_url: str) -> None:
    command = [sys.executable, SCRIPT, "sh", "-c", "echo $SEARCH_URL"]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert other == opensearch_url
    # It ended, and the node did not end with it.
    with urllib.request.urlopen(opensearch_url, timeout=10) as answer:
        assert answer.status == 200


def test_without_a_jdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "jdk-17"
    old.mkdir()
    (old / "release").write_text('JAVA_VERSION="17.0.15"\nMODULES="java.base jdk.localedata"\n')
    monkeypatch.setenv("JAVA_HOME", str(old))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("OPENSEARCH_JAVA_HOME", raising=False)
    monkeypatch.setattr(opensearch, "JVMS", (str(tmp_path / "*"),))
    with pytest.raises(CannotRun, match=r"JDK 21 or later.* SEARCH_URL"):
        opensearch.java_home()


def test_without_maven_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(opensearch, "cache", lambda: tmp_path)
    with pytest.raises(CannotRun, match=r"no Maven.* SEARCH_URL"):
        opensearch.distribution()
    assert not (tmp_path / f"opensearch-{opensearch.VERSION}").exists()
