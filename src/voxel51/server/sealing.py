"""Secrets that the platform must use again, and so cannot hash: the database alone does not tell them."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class BrokenSeal(Exception):
    """What was sealed cannot be read: it was altered, or the platform's key was replaced since."""


class Sealer:
    """Encrypts and authenticates short texts (Fernet), by a key of its own for each ``purpose``."""

    def __init__(self, key: bytes, purpose: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"voxel51 " + purpose.encode()).derive(key)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, text: str) -> str:
        """``text`` as it can be kept."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The text again.

        Raises:
            BrokenSeal: it was sealed by another key, or altered.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise BrokenSeal("what was kept under the platform's key cannot be read by its present one") from None
