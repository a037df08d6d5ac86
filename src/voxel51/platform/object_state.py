"""Object states: turn objects with internal state, such as trackers, into plain values of a checkpoint and back.

The state is a graph: an object that is found twice is the same object afterwards, too. Only objects of classes that the
caller names are made, and no code of theirs is called, so a state that was changed makes wrong values at worst.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar  # values of any shape

import numpy as np

_Object = TypeVar("_Object")
_SMALL = 128
"""Arrays of so many elements are written as numbers, which takes less space than a file."""


def state_of(root: object, classes: Iterable[type]) -> dict[str, Any]:
    """Return the attributes of ``root``, and of the objects of ``classes`` that it has, as plain values and arrays.

    Callables are left out: give them to the object that gets the state.

    Raises:
        TypeError: an attribute is an object of another class.
    """
    writer = _Writer(classes)
    return {"root": writer.attributes(root), "objects": writer.objects}


def restored(root: _Object, state: Mapping[str, Any] | None, classes: Iterable[type]) -> _Object:
    """Give ``root`` the attributes of a state of an object like it, and return it; as it is if there is no state."""
    if state is None:
        return root
    reader = _Reader(classes, state["objects"])
    for name, value in state["root"].items():
        object.__setattr__(root, name, reader.value(value))
    return root


def _names(instance: object) -> Sequence[str]:
    if is_dataclass(instance):
        return [each.name for each in fields(instance)]
    return [*vars(instance)]


class _Writer:
    def __init__(self, classes: Iterable[type]) -> None:
        self._classes = {each.__name__: each for each in classes}
        self._places: dict[int, int] = {}  # id of an object -> its place in `objects`
        self._kept: list[object] = []  # so that no id is reused meanwhile
        self.objects: list[Any] = []

    def attributes(self, instance: object) -> dict[str, Any]:
        """Return the attributes of an object, without functions and methods."""
        values = {name: getattr(instance, name) for name in _names(instance)}
        return {name: self.value(value) for name, value in values.items() if not callable(value)}

    def value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str | bytes):
            return value
        if isinstance(value, np.ndarray | np.generic):
            return _array(value)
        if isinstance(value, dict):
            kind = "defaultdict" if isinstance(value, defaultdict) else "dict"
            return [kind, [[self.value(key), self.value(each)] for key, each in value.items()]]
        if isinstance(value, list | tuple | set | deque):
            items = sorted(value) if isinstance(value, set) else value
            return [type(value).__name__, [self.value(each) for each in items], getattr(value, "maxlen", None)]
        return ["object", self._place(value)]

    def _place(self, instance: object) -> int:
        name = type(instance).__name__
        if self._classes.get(name) is not type(instance):
            raise TypeError(f"a checkpoint cannot hold an object of the class {name}")
        if id(instance) not in self._places:
            self._places[id(instance)] = len(self.objects)
            self._kept.append(instance)
            self.objects.append(None)
            self.objects[self._places[id(instance)]] = [name, self.attributes(instance)]
        return self._places[id(instance)]


def _array(value: Any) -> Any:
    if value.size > _SMALL:
        return value
    return ["array", value.dtype.str, list(value.shape), value.ravel().tolist()]


class _Reader:
    def __init__(self, classes: Iterable[type], objects: Sequence[Any]) -> None:
        self._classes = {each.__name__: each for each in classes}
        self._written = objects
        self._made: dict[int, object] = {}

    def value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        kind, content, *further = value
        if kind == "array":
            array = np.array(further[1], np.dtype(content)).reshape(further[0])
            return array if further[0] else array[()]
        if kind == "object":
            return self._object(content)
        if kind in {"dict", "defaultdict"}:
            pairs = {self.value(key): self.value(each) for key, each in content}
            return defaultdict(list, pairs) if kind == "defaultdict" else pairs
        items = [self.value(each) for each in content]
        if kind == "deque":
            return deque(items, further[0])
        return {"list": list, "tuple": tuple, "set": set}[kind](items)

    def _object(self, place: int) -> object:
        if place not in self._made:
            name, attributes = self._written[place]
            made: object = object.__new__(self._classes[name])
            self._made[place] = made
            for attribute, value in attributes.items():
                object.__setattr__(made, attribute, self.value(value))
        return self._made[place]
