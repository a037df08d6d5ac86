"""Passwords: hash with argon2 and verify, a few at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from voxel51.server.errors import BadRequest, Unavailable

MIN_LENGTH = 8
MAX_LENGTH = 1024
_CONCURRENT = threading.BoundedSemaphore(4)
"""Each hash takes 64 MiB and tens of milliseconds of processor time, and anyone may request any number of them."""

_MAX_WAIT_SECONDS = 10


def hash_password(password: str) -> str:
    """Return the argon2 hash to store for a password.

    Raises:
        BadRequest: the password is too short, too long, or not valid text.
        Unavailable: too many passwords are being hashed.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        wrong = "short" if len(password) < MIN_LENGTH else "long"
        raise BadRequest(f"The password is too {wrong}; use {MIN_LENGTH} to {MAX_LENGTH} characters")
    with _limited():
        return PasswordHasher().hash(_encode(password))


def is_password(stored_hash: str | None, password: str) -> bool:
    """Return whether ``password`` has this hash.

    This takes the same time without a hash, so that timing does not reveal whether an account exists or has a password.

    Raises:
        Unavailable: too many passwords are being verified.
    """
    try:
        with _limited():
            matches = PasswordHasher().verify(stored_hash or _dummy_hash(), _encode(password[:MAX_LENGTH]))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored_hash is not None


def _encode(password: str) -> bytes:
    try:
        return password.encode()
    except UnicodeEncodeError:
        raise BadRequest("The password contains bytes that are not valid text; type it again") from None


@cache
def _dummy_hash() -> str:
    return PasswordHasher().hash("the password of no account")


@contextmanager
def _limited() -> Iterator[None]:
    if not _CONCURRENT.acquire(timeout=_MAX_WAIT_SECONDS):
        raise Unavailable("Too many sign-ins at the same time; try again in a moment")
    try:
        yield
    finally:
        _CONCURRENT.release()
