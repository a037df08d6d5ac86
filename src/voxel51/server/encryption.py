"""Encryption of stored secrets: the platform's secret key, and a cipher for texts that must be read again.

Secrets that are only verified (passwords, tokens) are hashed instead. Reading the database
without the key file discloses none of them.
"""

import base64
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


class DecryptionError(Exception):
    """A stored secret cannot be decrypted: the text was altered, or the platform's key was replaced."""


class Cipher:
    """Encrypts and authenticates short texts (Fernet) with a key derived from the platform's for one ``purpose``.

    A text encrypted for one purpose cannot be decrypted for another, so an encrypted value cannot be moved from one
    part of the platform to another.
    """

    def __init__(self, key: bytes, purpose: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"voxel51 " + purpose.encode()).derive(key)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        """Return the encrypted ``text``, in ASCII."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted: str) -> str:
        """Return the text that `encrypt` was given.

        Raises:
            DecryptionError: it was encrypted with another key, or altered.
        """
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise DecryptionError("the stored secret cannot be decrypted with the platform's present key") from None


def load_secret_key(path: Path) -> bytes:
    """Return the platform's secret key from the file ``path``, and create it on first use (32 random bytes, mode 0600).

    Signed links are signed with it, and the key of each `Cipher` is derived from it.

    Raises:
        RuntimeError: the file has another size, such as 0 bytes, with which anybody could forge signatures. Or a
            rotation of the key did not finish.
    """
    if _next(path).exists():
        raise RuntimeError(
            f"{_next(path)} exists: a rotation of the key did not finish. Run it again: voxel51 server rotate-key"
        )
    return _load_or_create(path)


def fingerprint_of(key: bytes) -> str:
    """Return a text by which processes can tell whether they have the same key, and which does not disclose it."""
    return HKDF(SHA256(), length=32, salt=None, info=b"voxel51 fingerprint").derive(key).hex()


def begin_rotation(path: Path) -> tuple[bytes, bytes]:
    """Return the present key and the next one, which is created unless an unfinished rotation left it."""
    return _load_or_create(path), _load_or_create(_next(path))


def finish_rotation(path: Path) -> None:
    """Let the next key take the place of the present one, once every stored secret is encrypted with it."""
    _next(path).replace(path)


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _load_or_create(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _create_secret_key(path)
    if len(key) != _KEY_BYTES:
        raise RuntimeError(f"{path} has {len(key)} bytes, not {_KEY_BYTES}; remove it to have a new key created")
    return key


def _create_secret_key(path: Path) -> bytes:
    key = secrets.token_bytes(_KEY_BYTES)
    # Written to a temporary file, synced and renamed: a crash leaves either no key file or a complete one.
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name survives a power cut, too: secrets that the key encrypts follow at once
    finally:
        os.close(folder)
    return key
