"""Encoding of checkpoints: plain values and NumPy arrays as gzipped JSON. Nothing in it is executed when it is read."""

import gzip
import io
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any  # plain values of any depth

_ARRAY, _BYTES, _TUPLE = "$array", "$bytes", "$tuple"
_MARKS = frozenset({_ARRAY, _BYTES, _TUPLE})


def encode(state: Any) -> bytes:
    """Return ``state`` as bytes.

    Raises:
        TypeError: a value is neither plain (None, bool, int, float, text, bytes, list, tuple, dict with text as keys)
            nor a NumPy array or number. The text has its path.
    """
    text = json.dumps(_plain(state, "state"), separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=1, mtime=0)


def decode(content: bytes) -> Any:
    """Return the state that was encoded.

    Raises:
        ValueError: the content is not an encoded state.
    """
    try:
        return json.loads(gzip.decompress(content), object_hook=_restored)
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the checkpoint cannot be read: {error}") from error


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    if isinstance(value, list):
        return [_plain(each, f"{path}[{place}]") for place, each in enumerate(value)]
    if isinstance(value, tuple):
        return {_TUPLE: [_plain(each, f"{path}[{place}]") for place, each in enumerate(value)]}
    if isinstance(value, dict):
        return _plain_dict(value, path)
    if hasattr(value, "__array_interface__"):
        return {_ARRAY: b64encode(_array_file(value, path)).decode()}
    raise TypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold. Use plain values and arrays.")


def _plain_dict(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str) or key in _MARKS:
            raise TypeError(
                f"{path} has the key {key!r:.50}; keys in a checkpoint are texts other than {sorted(_MARKS)}"
            )
    return {key: _plain(each, f"{path}[{key!r}]") for key, each in value.items()}


def _array_file(array: Any, path: str) -> bytes:
    import numpy as np  # noqa: PLC0415  (only analytics that use it have arrays)

    file = io.BytesIO()
    try:
        np.save(file, array, allow_pickle=False)
    except ValueError as error:
        raise TypeError(f"{path} is an array of objects, which a checkpoint cannot hold: {error}") from None
    return file.getvalue()


def _restored(entry: dict[str, Any]) -> Any:
    if _BYTES in entry:
        return b64decode(entry[_BYTES])
    if _TUPLE in entry:
        return tuple(entry[_TUPLE])
    if _ARRAY in entry:
        import numpy as np  # noqa: PLC0415  (as above)

        array = np.load(io.BytesIO(b64decode(entry[_ARRAY])), allow_pickle=False)
        return array[()] if array.ndim == 0 else array
    return entry
