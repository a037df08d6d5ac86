"""Records: dataclasses that declare, field by field, how they stand in a label document.

RecordType declaration serves the three things done with a document: check it, read it, write it. Empty parts (None, an
empty list, an empty object) are left out when written and may be missing or null when read, as the format has it.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.field_types import FieldType, short_repr

_FIELD_TYPE = "field_type"
_KEY = "key"


def optional(field_type: FieldType, key: str | None = None) -> Any:
    """A field that may be absent (None). ``key`` is its name in the document where that differs."""
    return field(default=None, metadata={_FIELD_TYPE: field_type, _KEY: key})


def required(field_type: FieldType) -> Any:
    """A field without which the record means nothing; its absence is a fatal problem."""
    return field(metadata={_FIELD_TYPE: field_type})


def repeated(field_type: FieldType, key: str | None = None, empty: Callable[[], Any] = list) -> Any:
    """A field of any number of entries, none to begin with."""
    return field(default_factory=empty, metadata={_FIELD_TYPE: field_type, _KEY: key})


class Record:
    """What every record of a label document can do.

    Attributes:
        TYPE: what its ``type`` says in a document, where it says it; ``type`` may be missing when read.
    """

    __slots__ = ()
    TYPE: ClassVar[str | None] = None

    @classmethod
    def problems(cls, document: Any, path: str = "") -> Iterator[Problem]:
        """Everything wrong with ``document`` as one of these, each with its place below ``path``."""
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
        yield from cls.contradictions(document, path)

    @classmethod
    def contradictions(cls, document: Mapping[str, Any], path: str) -> Iterator[Problem]:  # noqa: ARG003
        """What is wrong with the fields taken together. Any of them may be missing or of a wrong kind."""
        yield from ()

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The record that ``document`` (as `json.load` gives it) describes. Unknown keys are left behind.

        Raises:
            InvalidLabels: it has a fatal problem. Other problems are read as they come; see `problems`.
        """
        fatal = [problem for problem in cls.problems(document) if problem.fatal]
        if fatal:
            raise InvalidLabels(fatal)
        return cls.read(document)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The record that a document without fatal problems describes."""
        found = {}
        for name, key, field_type, _ in _fields(cls):
            value = document.get(key)
            if value is not None:
                found[name] = field_type.read(value)
        return cls(**found)

    def to_json(self) -> dict[str, Any]:
        """The document that describes this record, ready for `json.dump`."""
        document: dict[str, Any] = {} if self.TYPE is None else {"type": self.TYPE}
        for name, key, field_type, is_required in _fields(type(self)):
            value = getattr(self, name)
            if is_required or not _is_empty(value):
                document[key] = field_type.write(value)
        return document


@dataclass(frozen=True)
class RecordType:
    """A field that holds one record."""

    record: type[Record]

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """What the record finds."""
        return self.record.problems(value, path)

    def read(self, value: Any) -> Record:
        """The record."""
        return self.record.read(value)

    def write(self, value: Record) -> dict[str, Any]:
        """The record's document."""
        return value.to_json()


@dataclass(frozen=True)
class WrappedListType:
    """A field that holds a list of one kind, which the format wraps: ``{"objects": [...]}``."""

    item_type: FieldType
    key: str

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """A missing wrapper, or what is wrong with the entries."""
        if not isinstance(value, Mapping):
            yield Problem(path, f'expected an object {{"{self.key}": [...]}}, got {short_repr(value)}', fatal=True)
        elif not isinstance(value.get(self.key), list):
            yield Problem(path, f"expected a list at its key {self.key!r}", fatal=True)
        else:
            for position, each in enumerate(value[self.key]):
                yield from self.item_type.check(each, f"{path}.{self.key}[{position}]")

    def read(self, value: Any) -> list[Any]:
        """The entries."""
        return [self.item_type.read(each) for each in value[self.key]]

    def write(self, value: list[Any]) -> dict[str, Any]:
        """The entries, wrapped."""
        return {self.key: [self.item_type.write(each) for each in value]}


@dataclass(frozen=True)
class NumberedMapType:
    """A field that maps whole numbers to records, keyed by their decimal text.

    Attributes:
        kind: of the entries.
        number_field: the field in which an entry repeats its key.
        lowest: the smallest number that makes sense.
        wrapper: the key under which the format wraps the mapping, if it does.
    """

    item_type: FieldType
    number_field: str | None = None
    lowest: int = 1
    wrapper: str | None = None

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """No object, keys that are no numbers, entries that contradict their key, or what is wrong with entries."""
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

    def _check_entry(self, number: int, each: Any, path: str) -> Iterator[Problem]:
        if number < self.lowest:
            yield Problem(path, f"numbers start at {self.lowest}, got {number}")
        if self.number_field is not None and isinstance(each, Mapping):
            inner = each.get(self.number_field)
            if inner is not None and inner != number:
                yield Problem(path, f"its {self.number_field} says {short_repr(inner)}")
            each = {**each, self.number_field: number}
        yield from self.item_type.check(each, path)

    def read(self, value: Any) -> dict[int, Any]:
        """The entries by number, in rising order. The key decides, whatever an entry repeats."""
        if self.wrapper is not None:
            value = value[self.wrapper]
        entries = {}
        for key in sorted(value, key=int):
            repeated = {} if self.number_field is None else {self.number_field: int(key)}
            entries[int(key)] = self.item_type.read({**value[key], **repeated})
        return entries

    def write(self, value: dict[int, Any]) -> dict[str, Any]:
        """The entries by the text of their number, in rising order."""
        entries = {str(number): self.item_type.write(value[number]) for number in sorted(value)}
        return entries if self.wrapper is None else {self.wrapper: entries}


_Declared = tuple[tuple[str, str, FieldType, bool], ...]
_DECLARED: dict[type[Record], _Declared] = {}


def _fields(record: type[Record]) -> _Declared:
    """Name, key in the document, kind, and whether it is required, of every field."""
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


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, list | dict | tuple) and not value)
