"""Records: dataclasses that declare for each field how it is represented in a label document.

One declaration serves to check, read and write a document. Empty values (None, an empty list, an empty object) are left
out when written, and may be missing or null when read, as the format defines.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.field_types import FieldType, JsonValue, short_repr

_FIELD_TYPE = "field_type"
_KEY = "key"


def optional(field_type: FieldType, key: str | None = None) -> Any:
    """Return a field that may be absent (None). ``key`` is its name in the document if that differs."""
    return field(default=None, metadata={_FIELD_TYPE: field_type, _KEY: key})


def required(field_type: FieldType) -> Any:
    """Return a field that must be present; its absence is a fatal problem."""
    return field(metadata={_FIELD_TYPE: field_type})


def repeated(field_type: FieldType, key: str | None = None, empty: Callable[[], Any] = list) -> Any:
    """Return a field with any number of entries, empty by default."""
    return field(default_factory=empty, metadata={_FIELD_TYPE: field_type, _KEY: key})


class Record:
    """Base class of the records of a label document.

    Attributes:
        TYPE: value of ``type`` in a document, for records that have one; ``type`` may be missing when read.
    """

    __slots__ = ()
    TYPE: ClassVar[str | None] = None

    @classmethod
    def problems(cls, document: object, path: str = "") -> Iterator[Problem]:
        """Yield every problem of ``document`` as a record of this class, each with its location below ``path``."""
        if not isinstance(document, Mapping):
            yield Problem(path, f"expected an object, got {short_repr(document)}", fatal=True)
            return
        declared = document.get("type")
        if cls.TYPE is not None and declared is not None and declared != cls.TYPE:
            yield Problem(f"{path}.type", f"expected {cls.TYPE!r}, got {short_repr(declared)}", fatal=True)
        for name, key, field_type, is_required in _fields(cls):
            value = document.get(key)
            if value is not None:
                yield from field_type.check(value, f"{path}.{key}" if path else key)
            elif is_required:
                yield Problem(path, f"{name} is missing", fatal=True)

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Return the record that ``document`` (a result of `json.load`) describes. Unknown keys are ignored.

        Raises:
            InvalidLabels: the document has a fatal problem. Other problems are ignored; see `problems`.
        """
        fatal = [problem for problem in cls.problems(document) if problem.fatal]
        if fatal:
            raise InvalidLabels(fatal)
        return cls.read(cast("Mapping[str, Any]", document))

    @classmethod
    def read(cls, document: Mapping[str, JsonValue]) -> Self:
        """Return the record that a document without fatal problems describes."""
        found = {}
        for name, key, field_type, _ in _fields(cls):
            value = document.get(key)
            if value is not None:
                found[name] = field_type.read(value)
        return cls(**found)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the document that describes this record, ready for `json.dump`."""
        document: dict[str, JsonValue] = {} if self.TYPE is None else {"type": self.TYPE}
        for name, key, field_type, is_required in _fields(type(self)):
            value = getattr(self, name)
            if is_required or not _is_empty(value):
                document[key] = field_type.write(value)
        return document


@dataclass(frozen=True)
class RecordType:
    """Field type of a nested record."""

    record: type[Record]

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield the problems of the record."""
        return self.record.problems(value, path)

    def read(self, value: JsonValue) -> Record:
        """Return the record."""
        return self.record.read(value)

    def write(self, value: Record) -> dict[str, JsonValue]:
        """Return the JSON document of the record."""
        return value.to_json()


@dataclass(frozen=True)
class WrappedListType:
    """Field type of a list that the format wraps in an object: ``{"objects": [...]}``."""

    item_type: FieldType
    key: str

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem for a missing wrapper, or the problems of the entries."""
        if not isinstance(value, Mapping):
            yield Problem(path, f'expected an object {{"{self.key}": [...]}}, got {short_repr(value)}', fatal=True)
        elif not isinstance(value.get(self.key), list):
            yield Problem(path, f"expected a list at its key {self.key!r}", fatal=True)
        else:
            for position, each in enumerate(value[self.key]):
                yield from self.item_type.check(each, f"{path}.{self.key}[{position}]")

    def read(self, value: JsonValue) -> list[JsonValue]:
        """Return the entries."""
        return [self.item_type.read(each) for each in value[self.key]]

    def write(self, value: list[JsonValue]) -> dict[str, JsonValue]:
        """Return the wrapped entries."""
        return {self.key: [self.item_type.write(each) for each in value]}


@dataclass(frozen=True)
class NumberedMapType:
    """Field type of an object that maps integers, as decimal text, to records.

    Attributes:
        item_type: type of the entries.
        number_field: the field in which an entry repeats its key.
        lowest: the smallest valid number.
        wrapper: the key under which the format wraps the object, if any.
    """

    item_type: FieldType
    number_field: str | None = None
    lowest: int = 1
    wrapper: str | None = None

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield problems of the object, of keys that are not integers or contradict their entry, and of the entries."""
        if self.wrapper is not None and isinstance(value, Mapping):
            value, path = value.get(self.wrapper), f"{path}.{self.wrapper}"
        if not isinstance(value, Mapping):
            yield Problem(path, f"expected an object keyed by number, got {short_repr(value)}", fatal=True)
            return
        for key, each in value.items():
            if not (key.isascii() and key.removeprefix("-").isdigit()):
                yield Problem(f"{path}.{key}", f"the key must be a whole number, got {short_repr(key)}", fatal=True)
            else:
                yield from self._check_entry(int(key), each, f"{path}.{key}")

    def _check_entry(self, number: int, each: object, path: str) -> Iterator[Problem]:
        if number < self.lowest:
            yield Problem(path, f"numbers start at {self.lowest}, got {number}")
        if self.number_field is not None and isinstance(each, Mapping):
            inner = each.get(self.number_field)
            if inner is not None and inner != number:
                yield Problem(path, f"its {self.number_field} is {short_repr(inner)}")
            each = {**each, self.number_field: number}
        yield from self.item_type.check(each, path)

    def read(self, value: JsonValue) -> dict[int, JsonValue]:
        """Return the entries by number, in ascending order. The key takes precedence over the number that an entry
        repeats.
        """
        if self.wrapper is not None:
            value = value[self.wrapper]
        entries = {}
        for key in sorted(value, key=int):
            repeated = {} if self.number_field is None else {self.number_field: int(key)}
            entries[int(key)] = self.item_type.read({**value[key], **repeated})
        return entries

    def write(self, value: dict[int, JsonValue]) -> dict[str, JsonValue]:
        """Return the entries by the decimal text of their number, in ascending order."""
        entries = {str(number): self.item_type.write(value[number]) for number in sorted(value)}
        return entries if self.wrapper is None else {self.wrapper: entries}


_Declared = tuple[tuple[str, str, FieldType, bool], ...]
_DECLARED: dict[type[Record], _Declared] = {}


def _fields(record: type[Record]) -> _Declared:
    """Return name, key in the document, field type, and whether it is required, of every field of ``record``."""
    if record not in _DECLARED:
        _DECLARED[record] = tuple(
            (
                each.name,
                each.metadata.get(_KEY) or each.name,
                each.metadata[_FIELD_TYPE],
                each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING,
            )
            for each in dataclasses.fields(record)  # type: ignore[arg-type]  # every record is a dataclass
        )
    return _DECLARED[record]


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, list | dict | tuple) and not value)
