"""Books are edited while the indexer and the worker are killed at random; afterwards the index is as the database.

    lyceum with-servers python -m tests.chaos.indexing --books 500 --edits 10000 --kills 50

Prints one line of figures, and ends with 1 when anything differs.
"""

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from typing import Any
from uuid import UUID

import django

ROLES = ("indexer", "worker")
HEALED_SECONDS = 60.0


class Processes:
    """An indexer and a worker, started again each time they are killed."""

    def __init__(self) -> None:
        self._running = {role: self._start(role) for role in ROLES}

    def kill(self, role: str) -> None:
        process = self._running[role]
        process.kill()
        process.wait()
        self._running[role] = self._start(role)

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(30)

    @staticmethod
    def _start(role: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "lyceum.runtime.cli", role], stdout=subprocess.DEVNULL)


class Nemesis(threading.Thread):
    """Kills one of the processes after a while, again and again; in the first seconds of a start as well as later."""

    def __init__(self, processes: Processes, kills: int, chance: random.Random, longest_wait: float) -> None:
        super().__init__()
        self._processes, self._kills, self._chance, self._longest = processes, kills, chance, longest_wait

    def run(self) -> None:
        for _ in range(self._kills):
            time.sleep(self._chance.uniform(0.2, self._longest))
            # Mostly the one that writes.
            self._processes.kill(self._chance.choice([*ROLES, "indexer", "indexer"]))


class Editor:
    """Somebody of the staff who changes, removes and adds books; the word of a book's title says its last edit."""

    def __init__(self, books: int, chance: random.Random) -> None:
        from lyceum.core.testing.people import make_person

        self._actor, self._chance = make_person("editor", is_staff=True), chance
        self.words: dict[UUID, str] = {}
        self.removed: list[str] = []
        self._number = 0
        for _ in range(books):
            self._add()

    def edit(self) -> None:
        from lyceum.library import books

        book_id = self._chance.choice(list(self.words))
        if self._chance.random() < 0.05:
            books.delete_book(book_id, actor=self._actor)
            self.removed.append(self.words.pop(book_id))
            self._add()
        else:
            word = self._word()
            books.change_book(book_id, actor=self._actor, title=f"The book of {word}", price=self._number % 90)
            self.words[book_id] = word

    def _add(self) -> None:
        from lyceum.library import books

        word = self._word()
        self.words[books.create_book(actor=self._actor, title=f"The book of {word}", language="en").pk] = word

    def _word(self) -> str:
        self._number += 1
        return f"w{self._number:06d}"


def run(books: int, edits: int, kills: int, seed: int) -> dict[str, Any]:
    """Do it, and return the figures."""
    from lyceum.search import checking, engines, queue, registry

    chance = random.Random(seed)
    processes = Processes()
    try:
        editor = Editor(books, chance)
        nemesis = Nemesis(processes, kills, random.Random(seed + 1), longest_wait=3.0)
        nemesis.start()
        done = 0
        # The kills go on to the last edit, and the edits to the last kill.
        while done < edits or nemesis.is_alive():
            editor.edit()
            done += 1
            if done >= edits:
                time.sleep(0.02)
        ended = time.monotonic()
        while queue.depth()[0] and time.monotonic() - ended < HEALED_SECONDS:
            time.sleep(0.05)
        healed = time.monotonic() - ended
        engine, declaration = engines.current(), registry.get("book")
        difference = checking.compare(engine, declaration)
        return {
            "seed": seed,
            "books": len(editor.words),
            "edits": done,
            "kills": kills,
            "healed_seconds": round(healed, 2),
            "waiting": queue.depth()[0],
            "different": len(difference.ids),
            "indexed": engine.count("book"),
            "removed": len(editor.removed),
            "removed_found": sum(_finds(word) for word in editor.removed),
            "last_edits_found": sum(_finds(word) for word in editor.words.values()),
        }
    finally:
        processes.stop()


def _finds(word: str) -> bool:
    from lyceum.search import public as search

    return search.search("book", word, asker=None, size=1).count > 0


def is_right(figures: dict[str, Any]) -> bool:
    """Say whether the index is as the database, and nothing removed was found."""
    counts = {figures["books"], figures["indexed"], figures["last_edits_found"]}
    return len(counts) == 1 and not (figures["waiting"] or figures["different"] or figures["removed_found"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=500)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "migrate"], check=True, stdout=subprocess.DEVNULL)
    django.setup()
    figures = run(options.books, options.edits, options.kills, options.seed)
    print(json.dumps(figures), flush=True)
    return 0 if is_right(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
