"""What each command of `lyceum` does; they parse, call one function and say what came of it."""

import argparse
import getpass
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lyceum.core.logs import name_process
from lyceum.runtime import children, ports, schema, up
from lyceum.runtime.home import CannotRun, Home
from lyceum.runtime.stack import running, throw_away

SETTINGS = {"DJANGO_SETTINGS_MODULE": "lyceum.config.settings"}


def run_up(options: argparse.Namespace) -> int:
    up.run(Home.from_environment(), host=options.host, port=options.port, demo=options.demo)
    return 0


def run_web(options: argparse.Namespace) -> int:
    from lyceum.runtime.web import serve

    ports.check_can_listen(options.host, options.port)
    name_process("web")
    schema.set_up_django(SETTINGS)
    serve(options.host, options.port)
    return 0


def run_worker(options: argparse.Namespace) -> int:
    from lyceum.runtime.worker import serve

    name_process("worker")
    schema.set_up_django(SETTINGS)
    serve()
    return 0


def run_indexer(options: argparse.Namespace) -> int:
    from lyceum.runtime.indexer import serve

    name_process("indexer")
    schema.set_up_django(SETTINGS)
    serve()
    return 0


def run_migrate(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        count = schema.migrate(environment)
    print(f"The database is up to date: {count} migrations applied." if count else "The database was up to date.")
    return 0


def run_doctor(options: argparse.Namespace) -> int:
    from lyceum.runtime.doctor import findings

    words = []
    for word, sentence in findings(Home.from_environment(), options.host, options.port):
        print(f"{word:5} {sentence}", flush=True)
        words.append(word)
    return 1 if "fail" in words else 0


def run_demo(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.config import demo as content

        if options.act == "load":
            content.check_allowed()
            question = "You have people of your own here; those of the demo join them. Type load to go on: "
            is_among_others = content.count_own_people() and not content.sign_ins()
            if is_among_others and not options.yes and _asked(question) != "load":
                print("Nothing was changed.")
                return 1
            content.load()
            print("The demo content is there. Sign in with one of:")
            for sign_in in content.sign_ins():
                print(f"  {sign_in.role}: {sign_in.email}  password: {sign_in.password}")
        else:
            content.remove()
            print("The demo content is gone.")
    return 0


def run_createadmin(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.accounts.public import check_newcomer, create_staff

        check_newcomer(options.email, options.first_name, options.last_name)
        password = _new_password(is_piped=options.password_stdin or not sys.stdin.isatty())
        create_staff(options.email, options.first_name, options.last_name, password)
    print(f"{options.email} may sign in as staff.")
    return 0


def run_limits(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.accounts.public import give_limit_profile

        give_limit_profile(options.name, options.profile, is_group=options.group, members=options.member)
    print(f"{options.name} has the limits of {options.profile}.")
    return 0


def run_key(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.accounts.public import create_service_key

        secret = create_service_key(options.name, options.scope, limit_profile=options.limits, days=options.days)
    print(secret)
    print(f"This is the key of {options.name}. It is not kept: copy it now.", file=sys.stderr)
    return 0


def run_factors(options: argparse.Namespace) -> int:
    question = f"From then on a password alone lets {options.email} in. Type remove to go on: "
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.accounts.public import check_known, remove_factors

        check_known(options.email)
        if not options.yes and _asked(question) != "remove":
            print("Nothing was changed.")
            return 1
        found = remove_factors(options.email)
    print(f"Removed from {options.email}: {' and '.join(found)}." if found else f"{options.email} had none.")
    return 0


def run_import(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.library import public as library

        load = {"books": library.import_books, "ratings": library.import_ratings}[options.kind]
        report = load(Path(options.file), source=options.source, say=_tell_progress)
    if options.report:
        report.write(Path(options.report))
    print("\n".join(report.sentences()))
    return 1 if report.refused and report.rows == len(report.refused) else 0


def _tell_progress(sentence: str) -> None:
    """Write over the line before, where somebody looks on."""
    if sys.stderr.isatty():
        print(f"\r{sentence}", end="", file=sys.stderr, flush=True)


def _new_password(*, is_piped: bool) -> str:
    """Read a password twice from the terminal, or the first line of a pipe."""
    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise CannotRun("The two passwords differ. Nothing was changed.")
    return password


def run_backup(options: argparse.Namespace) -> int:
    from lyceum.runtime.backups import default_path, make

    home = Home.from_environment()
    file = Path(options.file) if options.file else default_path(home)
    with running(home) as environment:
        schema.set_up_django(environment)
        make(environment, file, with_files=options.files, replace=options.force, say=print)
    print(f"The backup is in {file} ({file.stat().st_size / 1e6:.1f} MB). It holds private data: keep it safe.")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    from lyceum.runtime.backups import check_archive, check_nobody_else_is_connected, put_back

    file = Path(options.file)
    check_archive(file)
    with running(Home.from_environment(), alone=True) as environment:
        check_nobody_else_is_connected(environment)
        question = "This replaces everything in the workspace. Type restore to go on: "
        if not options.yes and _asked(question) != "restore":
            print("Nothing was changed.")
            return 1
        schema.set_up_django(environment)
        put_back(environment, file, say=print)
        schema.migrate(environment, say=print)
    print("The backup is restored.")
    return 0


def _asked(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        print()
        return ""


def run_with_servers(options: argparse.Namespace) -> int:
    if not options.command:
        print("Name a command to run beside the servers: lyceum with-servers pytest", file=sys.stderr)
        return 2
    if shutil.which(options.command[0]) is None:
        raise CannotRun(f"There is no command {options.command[0]}.")
    with throw_away() as environment:
        return subprocess.run(options.command, env=environment).returncode  # noqa: S603  # the caller's own command


def run_models(options: argparse.Namespace) -> int:
    from lyceum.config.env import read
    from lyceum.search import model_files

    named = read().MODELS_DIR
    model_files.fetch(Path(named) if named else model_files.default_folder(), say=print)
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    from lyceum.library.recommendations import evaluating as recommendations
    from lyceum.search.evaluation import retrieval

    ways = {"retrieval": retrieval.run, "recommendations": recommendations.run, "categories": _evaluate_categories}
    name = options.arguments[0] if options.arguments else ""
    if name not in ways:
        raise CannotRun(f"Name what is to be measured: lyceum evaluate {' or '.join(ways)}")
    return ways[name](options.arguments[1:])


def _evaluate_categories(arguments: list[str]) -> int:
    from lyceum.library import category_figures as figures
    from lyceum.library.likely import Example, text_of

    options = figures.options(arguments)
    if options.own:
        with running(Home.from_environment()) as environment:
            schema.migrate(environment)
            from lyceum.library.suggestions import examples

            found = examples()
    else:
        with throw_away() as environment:
            schema.set_up_django(environment)
        from lyceum.config import demo

        found = [
            Example(text_of(one.title, one.subtitle, one.about), set(one.categories)) for one in demo.book_entries()
        ]
    print("\n".join(figures.sentences(found, figures.measure(found))))
    return 0


def run_train(options: argparse.Namespace) -> int:
    with running(Home.from_environment()) as environment:
        schema.migrate(environment)
        from lyceum.library import public as library

        if options.back:
            print(f"Recommendations come from {library.go_back_to_earlier_recommender()} again.")
            return 0
        made = library.train_recommendations(lambda part, done: _tell_progress(f"{part}: {done:.0%}   "))
    _tell_progress("\n")
    print(
        f"{made.label} is in use: learnt in {made.seconds:g} s from {made.signals} signals of {made.readers} readers "
        f"on {made.books} books."
    )
    return 0


def run_bench(options: argparse.Namespace) -> int:
    root = Path(__file__).parents[3]
    if not (root / "bench" / "__main__.py").exists():
        raise CannotRun("The benchmarks come with the source tree, not with the installed package.")
    with throw_away(durable=True) as environment:
        schema.migrate(environment)
        own = {**environment, "LIMITS_ENABLED": "false", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(root)}
        measuring = children.start([sys.executable, "-m", "bench", *options.arguments], env=own)
        try:
            return measuring.wait()
        finally:
            children.stop(measuring)


def load_environment_file(path: Path = Path(".env")) -> None:
    """Take variables from `.env` in the current folder; those that are set already win."""
    if path.is_file():
        from dotenv import dotenv_values

        for name, value in dotenv_values(path).items():
            os.environ.setdefault(name, value or "")
