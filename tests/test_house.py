import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_example_environment_is_true() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    from env_example import render

    assert (ROOT / ".env.example").read_text() == render()


def test_an_unsafe_production_start_is_refused_and_named() -> None:
    import os

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
    import os

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
