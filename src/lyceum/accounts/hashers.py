import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

from lyceum.core.errors import Unavailable

# One hash takes 100 MiB: as many at once as there are threads would be the end of a small machine.
AT_ONCE = 2
WAIT_SECONDS = 5
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(retry_after=WAIT_SECONDS)
    try:
        yield
    finally:
        _places.release()


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2 of which only a few run at once; who waits too long gets Unavailable."""

    def encode(self, password: str, salt: str) -> str:
        with _place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _place():
            return super().verify(password, encoded)
