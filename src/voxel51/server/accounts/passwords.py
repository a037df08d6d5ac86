"""Passwords, kept as argon2 hashes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from voxel51.server.errors import BadRequest, Unavailable

SHORTEST = 8
LONGEST = 1024
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each verification takes 64 MiB and tens of milliseconds of a processor; strangers may ask for any number."""

_PATIENCE_SECONDS = 10


def hash_password(password: str) -> str:
    """What is kept of a password.

    Raises:
        BadRequest: it is too short or too long, or no text.
        Unavailable: too many are being hashed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        wrong = "short" if len(password) < SHORTEST else "long"
        raise BadRequest(f"The password is too {wrong}; take {SHORTEST} to {LONGEST} characters")
    with _turn():
        return PasswordHasher().hash(_bytes(password))


def is_password(kept: str | None, password: str) -> bool:
    """Whether ``password`` is what was kept. It takes as long where nothing was, so that nobody learns which it is.

    Raises:
        Unavailable: too many are being checked.
    """
    try:
        with _turn():
            matches = PasswordHasher().verify(kept or _nobodys(), _bytes(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return matches and kept is not None


def _bytes(password: str) -> bytes:
    try:
        return password.encode()
    except UnicodeEncodeError:
        raise BadRequest("The password holds bytes that are no text; type it anew") from None


@cache
def _nobodys() -> str:
    return PasswordHasher().hash("nobody's")


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE_SECONDS):
        raise Unavailable("Too many people sign in at once; try again in a moment")
    try:
        yield
    finally:
        _AT_ONCE.release()
