"""ONNX files: check that a model from a user is one file, before ONNX Runtime opens it.

A tensor of a model may name another file, from which ONNX Runtime reads its weights. In a model from another person
that could be any file of this machine. The model is therefore parsed as ONNX Runtime will parse it, as a protobuf
message (https://protobuf.dev/programming-guides/encoding/), down to each tensor: in nested graphs, functions, sparse
tensors, attributes and training graphs too. What two parsers could read differently is refused.
"""

from collections.abc import Iterator
from enum import Enum

_MAX_TAG = 2**32 - 1
_MAX_VARINT_BYTES = 10
_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
"""Wire types. 3 and 4 enclose groups, which no version of ONNX has; 6 and 7 are undefined."""

_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Fields of a tensor: the names of other files, and a number that is 0 if the data are in the message itself."""

_OPERATOR = 4
"""Field of a node: its operator."""

_READS_FILES = b"EPContext"
"""Operator of compiled models: ONNX Runtime reads the compiled code from a file that the node names."""

_FLATBUFFERS_MARK = b"ORTM"
"""At the fifth byte of a file in ONNX Runtime's own format, which has external data too and is not protobuf."""


class InvalidModelFile(ValueError):
    """The file is not an ONNX model that is complete in itself. The text says why, and what to do."""


class _Kind(Enum):
    """Messages of onnx.proto in which a tensor can occur."""

    MODEL = "model"
    GRAPH = "graph"
    NODE = "node"
    ATTRIBUTE = "attribute"
    FUNCTION = "function"
    TRAINING = "training"
    SPARSE_TENSOR = "sparse tensor"
    TENSOR = "tensor"


CHILDREN: dict[_Kind, dict[int, _Kind]] = {
    _Kind.MODEL: {7: _Kind.GRAPH, 20: _Kind.TRAINING, 25: _Kind.FUNCTION},
    _Kind.GRAPH: {1: _Kind.NODE, 5: _Kind.TENSOR, 15: _Kind.SPARSE_TENSOR},
    _Kind.NODE: {5: _Kind.ATTRIBUTE},
    _Kind.ATTRIBUTE: {
        5: _Kind.TENSOR,
        6: _Kind.GRAPH,
        10: _Kind.TENSOR,
        11: _Kind.GRAPH,
        22: _Kind.SPARSE_TENSOR,
        23: _Kind.SPARSE_TENSOR,
    },
    _Kind.FUNCTION: {7: _Kind.NODE, 11: _Kind.ATTRIBUTE},
    _Kind.TRAINING: {1: _Kind.GRAPH, 2: _Kind.GRAPH},
    _Kind.SPARSE_TENSOR: {1: _Kind.TENSOR, 2: _Kind.TENSOR},
    _Kind.TENSOR: {},
}
"""Fields that hold messages of these kinds, by their numbers in onnx.proto."""


def require_single_file(model: bytes) -> None:
    """Raise unless ``model`` is an ONNX model that refers to no other file.

    Raises:
        InvalidModelFile: it refers to one, is in ONNX Runtime's own format, or is not valid protobuf.
    """
    if model[4:8] == _FLATBUFFERS_MARK:
        raise InvalidModelFile("the model is in ONNX Runtime's own format (.ort); save it as .onnx")
    content = memoryview(model)
    # A stack instead of recursion: the file decides how deep its graphs are nested.
    pending = [(_Kind.MODEL, 0, len(model))]
    while pending:
        kind, start, end = pending.pop()
        for number, wire_type, value, length in _fields(content, start, end):
            child = CHILDREN[kind].get(number)
            if child is not None:
                if wire_type != _MESSAGE:
                    raise _damaged(value)
                pending.append((child, value, value + length))
            elif kind is _Kind.TENSOR:
                _check_tensor_field(number, wire_type, value)
            elif kind is _Kind.NODE and number == _OPERATOR and content[value : value + length] == _READS_FILES:
                raise InvalidModelFile("the model has a compiled part (EPContext); save it as it was before compiling")


def _check_tensor_field(number: int, wire_type: int, value: int) -> None:
    is_external = number == _EXTERNAL_DATA or (number == _DATA_LOCATION and (wire_type != _VARINT or value != 0))
    if is_external:
        raise InvalidModelFile("the model keeps its weights in other files; save it as one file, weights included")


def _fields(content: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, value and length of each field of the message from ``start`` to ``end``.

    The value of a varint is its number, with length 0; of all other types, where their bytes begin in ``content``.
    """
    at = start
    while at < end:
        tag, at = _varint(content, at, end)
        number, wire_type = tag >> 3, tag & 7
        if tag > _MAX_TAG or number == 0:
            raise _damaged(at)
        if wire_type == _VARINT:
            value, at = _varint(content, at, end)
            yield number, wire_type, value, 0
            continue
        if wire_type == _MESSAGE:
            length, at = _varint(content, at, end)
        elif wire_type in {_EIGHT_BYTES, _FOUR_BYTES}:
            length = 8 if wire_type == _EIGHT_BYTES else 4
        else:
            raise _damaged(at)
        if length > end - at:
            raise _damaged(at)
        yield number, wire_type, at, length
        at += length


def _varint(content: memoryview, at: int, end: int) -> tuple[int, int]:
    """Return the number at ``at``, and where it ends. A number may be written with more bytes than it needs."""
    value = 0
    for place in range(min(_MAX_VARINT_BYTES, end - at)):
        byte = content[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _damaged(at)


def _damaged(at: int) -> InvalidModelFile:
    return InvalidModelFile(f"it cannot be read as an ONNX model: it is damaged at byte {at}")
