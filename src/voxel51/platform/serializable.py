"""Original SDK: base classes of its objects with a JSON form, `Serializable` and `Config`.

They have the constructor and the methods of the classes of the same names in the library ETA, on which the original
SDK built, and do not need that library.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from voxel51.wire.documents import JsonObject

_Parsed = TypeVar("_Parsed")


class ConfigError(Exception):
    """A document lacks a key, or has a value of another type. The text names both."""


class Serializable:
    """Base class of objects with a JSON form: an object of the attributes that `attributes` lists."""

    def attributes(self) -> list[str]:
        """Return the names of the attributes that are serialized: by default all public ones."""
        return [name for name in vars(self) if not name.startswith("_")]

    def serialize(self) -> JsonObject:
        """Return the JSON object."""
        return {name: plain(getattr(self, name)) for name in self.attributes()}

    def to_str(self) -> str:
        """Return the JSON text, indented by four spaces."""
        # Metadata may hold values that JSON lacks, such as NumPy numbers: write their text.
        return json.dumps(self.serialize(), indent=4, default=str)

    def write_json(self, path: str | os.PathLike[str]) -> None:
        """Write the JSON text to a file, and create its folder."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.to_str(), encoding="utf-8")

    def __str__(self) -> str:
        return self.to_str()

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the object that a JSON object describes."""
        raise NotImplementedError(f"{cls.__name__} has no from_dict")

    @classmethod
    def from_str(cls, text: str | bytes) -> Self:
        """Return the object that a JSON text describes."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """Return the object that a JSON file describes."""
        return cls.from_str(Path(path).read_bytes())


class Config(Serializable):
    """Base class of objects that a JSON object constructs: a subclass parses it in its constructor."""

    def __init__(self, d: Mapping[str, Any]) -> None:
        raise NotImplementedError(f"{type(self).__name__} does not parse its document")

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the object that a JSON object describes."""
        return cls(d)

    @staticmethod
    def parse_string(d: Mapping[str, Any], key: str) -> str:
        """Return the text at ``key``.

        Raises:
            ConfigError: it is absent, or not text.
        """
        value = d.get(key)
        if not isinstance(value, str):
            raise ConfigError(f"the value of {key!r} is {value!r}; a text is expected")
        return value

    @staticmethod
    def parse_dict(d: Mapping[str, Any], key: str) -> JsonObject:
        """Return the JSON object at ``key``; an empty one where it is absent or null.

        Raises:
            ConfigError: it is of another type.
        """
        value = d.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise ConfigError(f"the value of {key!r} is {value!r}; an object is expected")
        return dict(value)

    @classmethod
    def parse_object(cls, d: Mapping[str, Any], key: str, parse: Callable[[Mapping[str, Any]], _Parsed]) -> _Parsed:
        """Return what ``parse`` makes of the JSON object at ``key``.

        Raises:
            ConfigError: it is absent, null or of another type.
        """
        if d.get(key) is None:
            raise ConfigError(f"the key {key!r} is absent")
        return parse(cls.parse_dict(d, key))


def plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it.

    Objects of any library become what their method ``serialize``, ``to_json`` or ``tolist`` (NumPy) returns.
    """
    for method in ("serialize", "to_json", "tolist"):
        if hasattr(value, method):
            return plain(getattr(value, method)())
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
