"""Where a token is looked for: given, in the environment, in the home directory. Shared by users and applications."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar


class FromFile(Protocol):
    """What a kind of token can be made of."""

    @classmethod
    def from_dict(cls, token_dict: Mapping[str, Any]) -> Self:
        """From the content of a token file; ValueError says what is wrong with it."""

    @classmethod
    def from_private_key(cls, private_key: str, base_api_url: str | None = None) -> Self:
        """From the secret alone."""


SomeToken = TypeVar("SomeToken", bound=FromFile)


@dataclass(frozen=True, slots=True)
class TokenPlaces(Generic[SomeToken]):
    """Where one kind of token is looked for, in this order: explicit, private key, token file, home directory.

    Attributes:
        noun: what it is called in messages, e.g. ``API token``.
        token: the class of it.
        error: what is raised, with one argument, the message.
        key_variable: environment variable with the secret itself.
        base_url_variable: environment variable with the platform's address; it counts only beside the secret.
        path_variable: environment variable with the path of a token file.
        path: where an activated token file lies.
    """

    noun: str
    token: type[SomeToken]
    error: type[Exception]
    key_variable: str
    base_url_variable: str
    path_variable: str
    path: str

    def load(self, token_path: str | os.PathLike[str] | None = None) -> SomeToken:
        """The token at ``token_path``, or else the active one.

        Raises:
            Exception: of the class ``error``, naming the file and what is wrong with it.
        """
        if token_path is not None:
            return self.read(token_path, f"'{os.fspath(token_path)}'")
        private_key = os.environ.get(self.key_variable)
        if private_key:
            return self._of_key(private_key)
        path = self.active_path()
        if path is None:
            raise self.error(f"No {self.noun} found")
        return self.read(path, f"'{path}'")

    def active_path(self) -> str | None:
        """Path of the token file that counts now; None when there is none, or the environment has the secret itself.

        Raises:
            Exception: of the class ``error``: the environment names a file that is not there.
        """
        if os.environ.get(self.key_variable):
            return None
        path = os.environ.get(self.path_variable)
        if path is None:
            return self.path if Path(self.path).is_file() else None
        if not Path(path).is_file():
            raise self.error(f"No file found at '{self.path_variable}={path}'")
        return path

    def activate(self, path: str | os.PathLike[str]) -> None:
        """Copy the token file to where it is found without being named, readable by its owner alone.

        Raises:
            Exception: of the class ``error``: it is no token file; nothing was copied.
        """
        self.read(path, f"'{os.fspath(path)}'")
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            temporary.touch(mode=0o600)
            temporary.write_bytes(Path(path).read_bytes())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def deactivate(self) -> bool:
        """Remove what `activate` copied. False when there was nothing."""
        try:
            Path(self.path).unlink()
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str | os.PathLike[str], named: str) -> SomeToken:
        """The token in the file at ``path``, which messages call ``named``.

        Raises:
            Exception: of the class ``error``.
        """
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError:
            raise self.error(f"No file found at {named}") from None
        except OSError as error:
            raise self._invalid(named, error.strerror or "it cannot be read") from None
        try:
            return self.token.from_dict(json.loads(content))
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise self._invalid(named, "it is not JSON") from None
        except ValueError as error:
            raise self._invalid(named, str(error)) from None

    def _of_key(self, private_key: str) -> SomeToken:
        try:
            return self.token.from_private_key(private_key, os.environ.get(self.base_url_variable) or None)
        except ValueError as error:
            raise self.error(f"{self.key_variable} and {self.base_url_variable} make no {self.noun}: {error}") from None

    def _invalid(self, named: str, reason: str) -> Exception:
        return self.error(f"File {named} is not a valid {self.noun}: {reason}")
