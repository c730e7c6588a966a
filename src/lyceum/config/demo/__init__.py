"""The demo workspace: a small school of geology, simulated and marked as such."""

from lyceum.config.demo.books import entries as book_entries
from lyceum.config.demo.loading import check_allowed, count_own_people, load, offer
from lyceum.config.demo.people import SignIn, sign_ins
from lyceum.config.demo.removal import remove

__all__ = ["SignIn", "book_entries", "check_allowed", "count_own_people", "load", "offer", "remove", "sign_ins"]
