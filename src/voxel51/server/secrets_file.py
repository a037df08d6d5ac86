"""Keys that the platform must use itself, in a file that nobody else can read."""

import os
import secrets
from pathlib import Path

_KEY_BYTES = 32


def signing_key(folder: Path) -> bytes:
    """The key of signed links, made when it is first needed (32 random bytes, mode 0600).

    Raises:
        RuntimeError: the file holds something else, such as nothing, by which anybody could sign.
    """
    path = folder / "signing.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _create(path)
    if len(key) != _KEY_BYTES:
        raise RuntimeError(f"{path} has {len(key)} bytes, not {_KEY_BYTES}; remove it to have a new key made")
    return key


def _create(path: Path) -> bytes:
    key = secrets.token_bytes(_KEY_BYTES)
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return key
