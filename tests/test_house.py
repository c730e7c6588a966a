import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_example_environment_is_true() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    from env_example import render

    assert (ROOT / ".env.example").read_text() == render()


def test_an_unsafe_production_start_is_refused_and_named() -> None:
    environment = {
        **os.environ,
        "ENVIRONMENT": "production",
        "SECRET_KEY": "short",
        "ALLOWED_HOSTS": "*",
        "DEBUG": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        env={**environment, "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    for word in ("DEBUG", "SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS"):
        assert word in done.stderr


def test_production_asks_staff_for_a_second_factor_whatever_is_set() -> None:
    safe = {"SECRET_KEY": "k" * 50, "PUBLIC_URL": "https://lyceum.example", "ALLOWED_HOSTS": "lyceum.example"}
    program = "from lyceum.config import settings; print(settings.ADMIN_SECOND_FACTOR)"
    told = {}
    for kind in ("production", "development"):
        environment = {**os.environ, **safe, "ENVIRONMENT": kind, "ADMIN_SECOND_FACTOR": "false"}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        told[kind] = done.stdout.strip() or done.stderr
    assert told == {"production": "True", "development": "False"}


def test_a_traceback_in_the_log_holds_no_values() -> None:
    program = """
import django; django.setup()
import structlog
def fail(password):
    raise RuntimeError
try:
    fail("hunter2-secret")
except RuntimeError as err:
    structlog.get_logger("lyceum.errors").error("failed", exc_info=err)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "RuntimeError" in done.stdout
    assert "hunter2-secret" not in done.stdout


def test_what_is_logged_stays_in_its_line() -> None:
    program = """
import django; django.setup()
import structlog, logging
said = 'x\\n{"event": "forged"}\\r\\u2028\\x1b[2J'
structlog.get_logger("lyceum.core").warning("told", said=said)
logging.getLogger("lyceum.core").warning("told %s", said)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    assert "forged" not in [line["event"] for line in lines]
    assert "\x1b" not in done.stdout


def test_cookies_over_https_are_secure_and_of_this_host_alone() -> None:
    program = """
import django; django.setup()
from django.conf import settings
names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH")
print(*(getattr(settings, name) for name in names))
"""
    environment = {**os.environ, "PUBLIC_URL": "https://lyceum.example"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True", "Lax", "__Host-sessionid", "None", "/"]


def test_whoever_keeps_files_says_in_which_folder() -> None:
    texts = [
        path.read_text() for path in (ROOT / "src/lyceum").rglob("*.py") if not {"tests", "runtime"} & {*path.parts}
    ]
    keeping = [text for text in texts if "default_storage.save(" in text]
    assert len(keeping) > 2
    assert [text[:80] for text in keeping if "leftovers.own(" not in text] == []
    named = {name for text in texts for name in re.findall(r'leftovers\.own\("(.*?)"\)', text)}
    program = "import django; django.setup(); from lyceum.core import leftovers; print(*leftovers.owned())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == named


def test_the_picture_of_the_layers_shows_them_all() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    names = [name.strip().removeprefix("lyceum.") for layer in layers for name in layer.split("|")]
    picture = (ROOT / "docs/images/layers.svg").read_text()
    assert re.findall(r'class="name"[^>]*>([a-z]+)<', picture) == names
    words = re.findall(r"!\[The layers: (.*?);[^;]*\]", (ROOT / "docs/architecture.md").read_text())
    assert [re.split(r"; |, | and ", found) for found in words] == [names]
