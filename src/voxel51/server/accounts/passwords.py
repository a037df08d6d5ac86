"""Passwords: check new ones, hash them with argon2, and verify them.

Each hash takes 64 MiB and tens of milliseconds of processor time. Requests therefore compute it in the queue for such
work (`voxel51.server.http.compute_queue`), after every check that needs no hash.
"""

from functools import cache
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from voxel51.server.errors import BadRequest

PasswordHash = NewType("PasswordHash", str)
"""A hash to store. A type of its own, so that type checkers refuse a password in its place."""

MIN_LENGTH = 8
MAX_LENGTH = 1024


def check_new_password(password: str) -> None:
    """Raise `BadRequest` unless ``password`` may be the password of an account.

    Raises:
        BadRequest: the password is too short, too long, or not valid text.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        wrong = "short" if len(password) < MIN_LENGTH else "long"
        raise BadRequest(f"The password is too {wrong}; use {MIN_LENGTH} to {MAX_LENGTH} characters")
    _encode(password)


def hash_password(password: str) -> PasswordHash:
    """Return the argon2 hash to store for a password.

    Raises:
        BadRequest: the password is invalid; see `check_new_password`.
    """
    check_new_password(password)
    return PasswordHash(PasswordHasher().hash(_encode(password)))


def is_password(stored_hash: str | None, password: str) -> bool:
    """Return whether ``password`` has this hash.

    This takes the same time without a hash, so that timing does not reveal whether an account exists or has a password.

    Raises:
        BadRequest: the password is not valid text.
    """
    try:
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
