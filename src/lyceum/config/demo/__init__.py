"""The demo workspace: a small school of geology, simulated and marked as such."""

from lyceum.config.demo.loading import load
from lyceum.config.demo.people import SignIn, sign_ins
from lyceum.config.demo.removal import remove

__all__ = ["SignIn", "load", "remove", "sign_ins"]
