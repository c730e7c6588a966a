"""Jobs and events with a real worker process: what is committed is done, also by the next worker."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import make_database

pytestmark = pytest.mark.live
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def environment(worker_id: str) -> dict[str, str]:
    return {**make_database(f"jobs_{worker_id}"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    running = []

    def begin() -> "subprocess.Popen[bytes]":
        with (tmp_path / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.live", "worker", str(tmp_path)]
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return running[-1]

    yield begin
    for process in running:
        process.terminate()
        process.wait(20)


def in_django(environment: dict[str, str], program: str, *arguments: str) -> str:
    """Run a few lines as another process of the product would."""
    setup = "import sys, tests.live\nfrom pathlib import Path\ntests.live.register(Path(sys.argv[1]))\n"
    lines = setup + "from django.db import transaction\nfrom lyceum.core import events, jobs\n" + program
    done = subprocess.run(
        [sys.executable, "-c", lines, *arguments], env=environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def wait_for(path: Path, lines: int, *, within: float = 25) -> list[str]:
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if path.exists() and len(path.read_text().splitlines()) >= lines:
            return path.read_text().splitlines()
        time.sleep(0.1)
    raise AssertionError(
        f"{path.name} has not {lines} lines; the worker says: {(path.parent / 'worker.log').read_text()}"
    )


def look_up(environment: dict[str, str], folder: Path, number: str, state: str) -> dict[str, object]:
    """Wait until a job has a state and return how it stands."""
    program = (
        "import time, json, dataclasses\n"
        "for _ in range(150):\n"
        "    found = jobs.look_up(int(sys.argv[2]))\n"
        "    if found and found.state == sys.argv[3]: break\n"
        "    time.sleep(0.1)\n"
        "print(json.dumps(dataclasses.asdict(found)))\n"
    )
    found: dict[str, object] = json.loads(in_django(environment, program, str(folder), number, state))
    return found


def test_a_job_exists_with_its_transaction_and_is_done_once(
    environment: dict[str, str], start: Start, tmp_path: Path
) -> None:
    program = (
        "import structlog\n"
        "structlog.contextvars.bind_contextvars(request_id='the-request')\n"
        "try:\n"
        "    with transaction.atomic():\n"
        "        jobs.enqueue('tests.note', word='rolled back')\n"
        "        raise RuntimeError\n"
        "except RuntimeError:\n"
        "    pass\n"
        "with transaction.atomic():\n"
        "    number = jobs.enqueue('tests.note', word='kept')\n"
        "refused = jobs.enqueue('tests.refuse')\n"
        "jobs.enqueue('tests.come_again')\n"
        "print(number, refused)\n"
    )
    number, refused = in_django(environment, program, str(tmp_path)).split()
    start()
    assert wait_for(tmp_path / "again", 2) == ["run", "run"]
    assert wait_for(tmp_path / "notes", 1) == ["kept"]
    found = look_up(environment, tmp_path, number, "done")
    assert (found["result"], found["error"], found["tries"]) == ({"word": "kept"}, "", 1)
    found = look_up(environment, tmp_path, refused, "failed")
    assert (found["result"], found["error"], found["tries"]) == (None, "already_there", 1)
    assert wait_for(tmp_path / "refused", 1) == ["run"]
    lines = [json.loads(line) for line in (tmp_path / "worker.log").read_text().splitlines()]
    mine = [line for line in lines if line.get("job") == int(number)]
    assert [(line["event"], line["job_name"], line["request_id"]) for line in mine] == [
        ("job_done", "tests.note", "the-request")
    ]
    assert [line["event"] for line in lines if line.get("job_name") == "tests.come_again"] == [
        "job_retried",
        "job_done",
    ]


def test_the_job_of_a_killed_worker_is_done_by_the_next(
    environment: dict[str, str], start: Start, tmp_path: Path
) -> None:
    number = in_django(environment, "print(jobs.enqueue('tests.take_long'))", str(tmp_path))
    first = start()
    wait_for(tmp_path / "long", 1)
    first.kill()
    first.wait()
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        # As if the time had passed after which a silent worker counts as gone.
        connection.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    start()
    assert wait_for(tmp_path / "finished", 1) == ["ended"]
    assert look_up(environment, tmp_path, number, "done")["tries"] == 2
    assert wait_for(tmp_path / "long", 2) == ["began", "began"]


def test_an_event_is_delivered_after_its_process_was_killed(
    environment: dict[str, str], start: Start, tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.live", "publish", str(tmp_path)], env=environment, timeout=30)
    assert done.returncode == 9
    assert not (tmp_path / "heard").exists()
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("update core_outboxevent set created_at = created_at - interval '1 minute'")
    start()
    assert wait_for(tmp_path / "heard", 1) == ["committed"]


def test_a_worker_ends_in_time_when_its_database_is_gone(environment: dict[str, str], tmp_path: Path) -> None:
    from lyceum.runtime.home import Home
    from lyceum.runtime.postgres import Postgres

    (tmp_path / "home").mkdir()
    server = Postgres(Home(tmp_path / "home"), durable=False)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o711)
    server.start()
    try:
        own = {**environment, "DATABASE_URL": server.url}
        subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "migrate"], env=own, check=True)
        process = subprocess.Popen([sys.executable, "-m", "tests.live", "worker", str(tmp_path)], env=own)
        with psycopg.connect(server.url, autocommit=True) as connection:
            for _ in range(200):
                if connection.execute("select count(*) from procrastinate_workers").fetchone() == (1,):
                    break
                time.sleep(0.1)
    finally:
        assert server.process is not None
        os.killpg(server.process.pid, 9)
        server.process.wait()
    process.terminate()
    assert process.wait(20) is not None
