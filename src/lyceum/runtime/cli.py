"""The `lyceum` command."""

import argparse
import getpass
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from lyceum.runtime import children
from lyceum.runtime.home import Home
from lyceum.runtime.postgres import PostgresError
from lyceum.runtime.stack import InUseError, Servers, locked, running, throw_away
from lyceum.runtime.supervisor import Part, Supervisor
from lyceum.runtime.valkey import ValkeyError

ANSWER_SECONDS = 60.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _django(environment: dict[str, str]) -> None:
    """Set Django up in this process with a stack's environment."""
    os.environ.update(environment)
    import django

    django.setup()


def _own(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lyceum.runtime.cli", *arguments]


def _migrate(environment: dict[str, str]) -> None:
    _django(environment)
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    connection.close()


def _wait_for_answer(url: str, part: Part) -> None:
    ends = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < ends:
        if part.process is not None and part.process.poll() is not None:
            raise SystemExit(
                f"The web process ended with {part.process.returncode}. Is the port in use? See logs/web.log."
            )
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # our own address
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"The web process did not answer within {ANSWER_SECONDS:.0f} s.")


def up(options: argparse.Namespace) -> int:
    home = Home.from_environment()
    with locked(home):
        servers = Servers(home)
        parts: list[Part] = []
        try:
            servers.start()
            environment = servers.environment()
            # The address that people open stands in the links of mails.
            environment.setdefault("PUBLIC_URL", f"http://{options.host}:{options.port}")
            _migrate(environment)
            parts = [*_server_parts(servers), *_product_parts(options, environment, home.folder("logs"))]
            for part in parts[-2:]:
                part.start()
            address = f"http://{options.host}:{options.port}"
            _wait_for_answer(f"{address}/health/", parts[-1])
            # Its sign-ins are known to everybody, so other machines get it only when asked for.
            _greet(environment["PUBLIC_URL"], demo=options.host in LOOPBACK if options.demo is None else options.demo)
        except BaseException:
            for part in reversed(parts):
                part.stop()
            servers.stop()
            raise
        Supervisor(parts).run()
    return 0


def _server_parts(servers: Servers) -> list[Part]:
    parts = []
    for name, server in (("PostgreSQL", servers.postgres), ("Valkey", servers.valkey)):
        if server is None:
            continue

        def launch(server: object = server) -> subprocess.Popen[bytes]:
            server.start()  # type: ignore[attr-defined]
            return server.process  # type: ignore[attr-defined, no-any-return]

        # SIGINT is PostgreSQL's fast stop; Valkey takes it like SIGTERM.
        parts.append(Part(name, launch, stop_signal=2, process=server.process, started_at=time.monotonic()))
    return parts


def _product_parts(options: argparse.Namespace, environment: dict[str, str], logs: Path) -> list[Part]:
    """The web and worker processes; their lines go to files, so that the terminal keeps what people need."""
    web = _own("web", "--host", options.host, "--port", str(options.port))
    return [
        Part("worker", lambda: children.start(_own("worker"), env=environment, log=logs / "worker.log")),
        Part("web", lambda: children.start(web, env=environment, log=logs / "web.log")),
    ]


def _greet(address: str, *, demo: bool) -> None:
    from django.conf import settings

    from lyceum.accounts.public import create_setup_token
    from lyceum.config import demo as content

    if demo and not settings.PRODUCTION:
        content.load()
    print(f"\n  Lyceum is at {address}\n")
    token = create_setup_token()
    if token is not None:
        print(f"  Make your own staff account (the link works once): {address}/setup/{token}/")
    for sign_in in content.sign_ins():
        print(f"  Demo {sign_in.role}: {sign_in.email}  password: {sign_in.password}")
    print(f"\n  Logs are in {Home.from_environment().folder('logs')}. Ctrl-C stops everything.\n", flush=True)


def web(options: argparse.Namespace) -> int:
    from lyceum.runtime.web import serve

    serve(options.host, options.port)
    return 0


def worker(options: argparse.Namespace) -> int:
    from django.core.management import call_command

    _django({"DJANGO_SETTINGS_MODULE": "lyceum.config.settings"})
    call_command("procrastinate", "worker", "--concurrency", "4", "--shutdown-graceful-timeout", "20")
    return 0


def migrate(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        _migrate(environment)
    print("The database is up to date.")
    return 0


def doctor(options: argparse.Namespace) -> int:
    from lyceum.runtime.doctor import findings

    worst = 0
    for word, sentence in findings(Home.from_environment(), options.port):
        print(f"{word:5} {sentence}")
        worst = max(worst, word == "fail")
    return int(worst)


def demo(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        _migrate(environment)
        from lyceum.config import demo as content
        from lyceum.core.errors import NotAllowed

        try:
            content.load() if options.act == "load" else content.remove()
        except NotAllowed as err:
            print(err.detail, file=sys.stderr)
            return 1
    print("The demo content is there." if options.act == "load" else "The demo content is gone.")
    return 0


def createadmin(options: argparse.Namespace) -> int:
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else getpass.getpass("Password: ")
    with running(Home.from_environment()) as environment:
        _migrate(environment)
        from lyceum.accounts.public import Invalid, create_staff

        try:
            create_staff(options.email, options.first_name, options.last_name, password)
        except Invalid as err:
            for fault in err.errors:
                print(f"{fault.field}: {fault.detail}", file=sys.stderr)
            return 1
    print(f"{options.email} may sign in as staff.")
    return 0


def backup(options: argparse.Namespace) -> int:
    from lyceum.runtime.backups import make

    with running(Home.from_environment()) as environment:
        make(environment, options.file)
    print(f"The backup is in {options.file}.")
    return 0


def restore(options: argparse.Namespace) -> int:
    from lyceum.runtime.backups import put_back

    if not options.yes and input("This replaces everything in the workspace. Type restore to go on: ") != "restore":
        print("Nothing was changed.")
        return 1
    with running(Home.from_environment()) as environment:
        put_back(environment, options.file)
    print("The backup is restored.")
    return 0


def with_servers(options: argparse.Namespace) -> int:
    with throw_away() as environment:
        return subprocess.run(options.command, env=environment).returncode  # noqa: S603  # the caller's own command


def bench(options: argparse.Namespace) -> int:
    root = Path(__file__).parents[3]
    if not (root / "bench" / "__main__.py").exists():
        print("The benchmarks come with the source tree, not with the installed package.", file=sys.stderr)
        return 1
    with throw_away(durable=True) as environment:
        _migrate(environment)
        own = {**environment, "LIMITS_ENABLED": "false", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(root)}
        measuring = children.start([sys.executable, "-m", "bench", *options.arguments], env=own)
        try:
            return measuring.wait()
        finally:
            children.stop(measuring)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lyceum", description="Lyceum, a self-hosted knowledge workspace.")
    acts = parser.add_subparsers(required=True, metavar="command")

    def act(run: Callable[[argparse.Namespace], int], name: str, summary: str) -> argparse.ArgumentParser:
        found = acts.add_parser(name, help=summary, description=summary)
        found.set_defaults(run=run)
        return found

    start = act(up, "up", "Start everything, with embedded servers where none are named.")
    start.add_argument(
        "--demo", action=argparse.BooleanOptionalAction, help="load the demo content (default: on loopback)"
    )
    serve = act(web, "web", "Serve HTTP and WebSockets.")
    check = act(doctor, "doctor", "Look at the set-up and say what is wrong.")
    for one in (start, serve, check):
        one.add_argument("--host", default="127.0.0.1")
        one.add_argument("--port", type=int, default=8000)
    act(worker, "worker", "Run background jobs and the schedule.")
    act(migrate, "migrate", "Bring the database up to date.")
    content = act(demo, "demo", "Load or remove the demo content.")
    content.add_argument("act", choices=["load", "remove"], nargs="?", default="load")
    admin = act(createadmin, "createadmin", "Make a staff account.")
    admin.add_argument("email")
    admin.add_argument("--first-name", default="Staff")
    admin.add_argument("--last-name", default="Account")
    admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    act(backup, "backup", "Write the database and the media into one file.").add_argument("file")
    back = act(restore, "restore", "Put a backup back.")
    back.add_argument("file")
    back.add_argument("--yes", action="store_true", help="do not ask")
    measures = act(bench, "bench", "Measure the product beside peers: bench realtime, bench http.")
    measures.add_argument("arguments", nargs=argparse.REMAINDER)
    tests = act(with_servers, "with-servers", "Run a command beside fresh servers that are gone afterwards.")
    tests.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def main() -> int:
    options = _parser().parse_args()
    try:
        return int(options.run(options))
    except (InUseError, PostgresError, ValkeyError) as err:
        print(err, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
