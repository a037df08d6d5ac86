"""Token lookup: explicit path, environment, home directory. Shared by users and applications."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar


class LoadableToken(Protocol):
    """Token class that can be created from a token file or from a private key."""

    @classmethod
    def from_dict(cls, token_dict: Mapping[str, Any]) -> Self:
        """Return the token with the content of a token file. ValueError names what is invalid."""

    @classmethod
    def from_private_key(cls, private_key: str, base_api_url: str | None = None) -> Self:
        """Return the token with that private key."""


AnyToken = TypeVar("AnyToken", bound=LoadableToken)


@dataclass(frozen=True, slots=True)
class TokenLocator(Generic[AnyToken]):
    """Lookup of one type of token, in this order: explicit path, private key, token file, home directory.

    Attributes:
        noun: the name of the type in messages, e.g. ``API token``.
        token: the class of the token.
        error: the class of errors; its one argument is the message.
        key_variable: environment variable with the private key.
        base_url_variable: environment variable with the platform's address; ignored without a private key.
        path_variable: environment variable with the path of a token file.
        path: the path of the activated token file.
    """

    noun: str
    token: type[AnyToken]
    error: type[Exception]
    key_variable: str
    base_url_variable: str
    path_variable: str
    path: str

    def load(self, token_path: str | os.PathLike[str] | None = None) -> AnyToken:
        """Return the token at ``token_path``, by default the active token.

        Raises:
            Exception: of the class ``error``; it names the file and what is invalid.
        """
        if token_path is not None:
            return self.read(token_path, f"'{os.fspath(token_path)}'")
        private_key = os.environ.get(self.key_variable)
        if private_key:
            return self._from_private_key(private_key)
        path = self.active_path()
        if path is None:
            raise self.error(f"No {self.noun} found")
        return self.read(path, f"'{path}'")

    def active_path(self) -> str | None:
        """Return the path of the active token file; None if no file was found, or if the environment has a private
        key.

        Raises:
            Exception: of the class ``error``: the file that the environment names was not found.
        """
        if os.environ.get(self.key_variable):
            return None
        path = os.environ.get(self.path_variable)
        if path is None:
            return self.path if Path(self.path).is_file() else None
        if not path:
            raise self.error(
                f"The variable {self.path_variable} is set, but empty: unset it, or set the path of a token file"
            )
        if not Path(path).is_file():
            raise self.error(f"No file found at '{self.path_variable}={path}'")
        return path

    def activate(self, path: str | os.PathLike[str]) -> None:
        """Copy the token file to the home directory, readable by its owner only.

        Raises:
            Exception: of the class ``error``: the token file is invalid; nothing was copied.
        """
        self.read(path, f"'{os.fspath(path)}'")
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Replaced in one step, so that a program that starts meanwhile never reads half a file.
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            temporary.touch(mode=0o600)
            temporary.write_bytes(Path(path).read_bytes())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def deactivate(self) -> bool:
        """Delete the file that `activate` copied. Return False if it was not found."""
        try:
            Path(self.path).unlink()
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str | os.PathLike[str], shown_path: str) -> AnyToken:
        """Return the token in the file at ``path``, which messages call ``shown_path``.

        Raises:
            Exception: of the class ``error``.
        """
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError:
            raise self.error(f"No file found at {shown_path}") from None
        except OSError as error:
            raise self._invalid(shown_path, error.strerror or "it cannot be read") from None
        try:
            return self.token.from_dict(json.loads(content))
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise self._invalid(shown_path, "it is not JSON") from None
        except ValueError as error:
            raise self._invalid(shown_path, str(error)) from None

    def _from_private_key(self, private_key: str) -> AnyToken:
        try:
            return self.token.from_private_key(private_key, os.environ.get(self.base_url_variable) or None)
        except ValueError as error:
            variables = f"{self.key_variable} and {self.base_url_variable}"
            raise self.error(f"{variables} are not a valid {self.noun}: {error}") from None

    def _invalid(self, shown_path: str, reason: str) -> Exception:
        return self.error(f"File {shown_path} is not a valid {self.noun}: {reason}")
