"""Helpers of the original client that scripts rely on: JSON, files, human-readable numbers."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

from voxel51.transport.messages import CHUNK_BYTES, StreamedBody
from voxel51.transport.multipart import FilePart, encode
from voxel51.wire.documents import JsonObject

if TYPE_CHECKING:
    from logging import Logger

_TIME_UNITS = (
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    (" second", 1),
    (" minute", 60),
    (" hour", 3600),
    (" day", 86400),
    (" week", 7 * 86400),
    (" month", 30 * 86400),
    (" year", 365 * 86400),
)


def logger(name: str) -> "Logger":
    """Return the logger of the module ``name``."""
    from logging import getLogger  # noqa: PLC0415  (slow, and only for messages)

    return getLogger(name)


class Serializable:
    """Base class of objects with a JSON form. Subclasses implement `to_dict` and `from_dict`."""

    def __str__(self) -> str:
        return self.to_str()

    def to_dict(self) -> JsonObject:
        """Return the JSON object."""
        raise NotImplementedError(f"{type(self).__name__} has no to_dict")

    def to_str(self) -> str:
        """Return the JSON text, indented by four spaces."""
        return json_to_str(self.to_dict())

    def to_json(self, path: str | PathLike[str]) -> None:
        """Write the JSON text to a file."""
        write_json(self.to_dict(), path)

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the object that a JSON object describes."""
        raise NotImplementedError(f"{cls.__name__} has no from_dict")

    @classmethod
    def from_str(cls, s: str | bytes) -> Self:
        """Return the object that JSON text describes."""
        return cls.from_dict(load_json(s))

    @classmethod
    def from_json(cls, path: str | PathLike[str]) -> Self:
        """Return the object that a JSON file describes."""
        return cls.from_dict(read_json(path))


def read_json(path: str | PathLike[str]) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_bytes())


def load_json(str_or_bytes: str | bytes) -> Any:
    """Return the value that JSON text describes."""
    return json.loads(str_or_bytes)


def json_to_str(obj: object) -> str:
    """Return JSON text, indented by four spaces."""
    return json.dumps(obj, indent=4)


def write_json(obj: object, path: str | PathLike[str]) -> None:
    """Write JSON text to a file, and create its folders."""
    ensure_basedir(path)
    Path(path).write_text(json_to_str(obj), encoding="utf-8")


def copy_file(inpath: str | PathLike[str], outpath: str | PathLike[str]) -> None:
    """Copy a file with its mode, and create the folders of the target."""
    import shutil  # noqa: PLC0415  (slow, and rarely used)

    ensure_basedir(outpath)
    shutil.copy(inpath, outpath)


def ensure_basedir(path: str | PathLike[str]) -> None:
    """Create the folders that contain ``path``."""
    log_missing_basedir(path)
    Path(path).parent.mkdir(parents=True, exist_ok=True)


def log_missing_basedir(path: str | PathLike[str]) -> None:
    """Log that the folder of ``path`` will be created, as the original client does, if it does not exist."""
    folder = Path(path).parent
    if not folder.exists():
        logger(__name__).info("Making directory '%s'", folder)


def urljoin(*args: str) -> str:
    """Join the parts of a URL with one slash between them."""
    return "/".join(str(part).strip("/") for part in args)


class Requests(Protocol):
    """The library ``requests``, or a session of it."""

    @property
    def post(self) -> Callable[..., Any]:
        """The function that sends a POST request."""


def upload_files(
    requests: Requests,
    url: str,
    files: Mapping[str, tuple[str, BinaryIO, str]],
    headers: Mapping[str, str],
    **kwargs: object,
) -> Any:
    """Send a multipart form of open files with the library ``requests``, in constant memory.

    Args:
        requests: the library or a session. This distribution does not depend on the library.
        url: the URL.
        files: field name -> (file name, file open for reading, MIME type).
        headers: the headers of the request.
        kwargs: further arguments of ``post``.

    Returns:
        the result of ``post``.
    """
    parts = {name: _part_of(file, filename, content_type) for name, (filename, file, content_type) in files.items()}
    content_type, body = encode(parts, {})
    return requests.post(url, data=_SizedBody(body), headers={**headers, "Content-Type": content_type}, **kwargs)


def query_yes_no(question: str, default: str | None = None) -> bool:
    """Ask on the terminal until the answer is yes or no. An empty answer is ``default``, ``yes`` or ``no``.

    Raises:
        ValueError: ``default`` is another text.
    """
    answers = {"y": True, "ye": True, "yes": True, "n": False, "no": False}
    prompts = {None: " [y/n] ", "yes": " [Y/n] ", "no": " [y/N] "}
    if default not in prompts:
        raise ValueError(f"Invalid default value {default!r}: use 'yes', 'no' or None")
    while True:
        answer = input(question + prompts[default]).strip().lower() or default or ""
        if answer in answers:
            return answers[answer]
        sys.stdout.write("Please respond with 'y[es]' or 'n[o]'\n")


def to_human_time_str(num_seconds: float, decimals: int = 1, max_unit: str | None = None) -> str:
    """Return a duration as text, such as ``1.1 minutes``.

    Units: ns, us, ms, second, minute, hour, day, week, month, year.
    """
    units = [(name, scale) for name, scale in _TIME_UNITS]
    name, amount = _scaled(num_seconds, units, decimals, max_unit)
    plural = "s" if name.startswith(" ") and amount != "1" else ""
    return f"{amount}{name}{plural}"


def to_human_decimal_str(num: float, decimals: int = 1, max_unit: str | None = None) -> str:
    """Return a number as text, such as ``12.3K``. Units: K, M, B, T for thousands, millions, billions, trillions."""
    return _human(num, ("", "K", "M", "B", "T"), 1000, decimals, max_unit)


def to_human_bytes_str(num_bytes: float, decimals: int = 1, max_unit: str | None = None) -> str:
    """Return a number of bytes as text, such as ``120.1KB``. Units: B, KB, … PB, each 1024 times the one before."""
    return _human(num_bytes, ("B", "KB", "MB", "GB", "TB", "PB"), 1024, decimals, max_unit)


def to_human_bits_str(num_bits: float, decimals: int = 1, max_unit: str | None = None) -> str:
    """Return a number of bits as text, such as ``1.5Mb``. Units: b, Kb, … Pb, each 1024 times the one before."""
    return _human(num_bits, ("b", "Kb", "Mb", "Gb", "Tb", "Pb"), 1024, decimals, max_unit)


def _human(number: float, names: tuple[str, ...], base: int, decimals: int, max_unit: str | None) -> str:
    units = [(name, float(base**power)) for power, name in enumerate(names)]
    name, amount = _scaled(number, units, decimals, max_unit)
    return f"{amount}{name}"


def _scaled(number: float, units: list[tuple[str, float]], decimals: int, max_unit: str | None) -> tuple[str, str]:
    """Return the largest unit of which ``number`` has at least one, up to ``max_unit``, and the amount as text.

    Trailing zeros are left out.
    """
    if max_unit is not None:
        names = [name.strip() for name, _ in units]
        if max_unit.removesuffix("s") not in names and max_unit not in names:
            raise ValueError(f"Invalid unit {max_unit!r}: use one of {', '.join(filter(None, names))}")
        last = names.index(max_unit if max_unit in names else max_unit.removesuffix("s"))
        units = units[: last + 1]
    zero_unit = next(unit for unit in units if unit[1] == min(1.0, units[-1][1]))
    name, scale = zero_unit if number == 0 else units[0]
    for candidate, size in units:
        if number and round(abs(number) / size, decimals) >= 1:
            name, scale = candidate, size
    amount = f"{number / scale:.{decimals}f}"
    return name, amount.rstrip("0").rstrip(".") if "." in amount else amount


def _part_of(file: BinaryIO, filename: str, content_type: str) -> FilePart:
    start = file.tell()
    size_bytes = file.seek(0, os.SEEK_END) - start

    def content() -> Iterator[bytes]:
        file.seek(start)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk

    return FilePart(filename, content_type, content, size_bytes)


class _SizedBody:
    """Streamed body in the form that the library ``requests`` accepts: iterable, and with a length."""

    def __init__(self, body: StreamedBody) -> None:
        self._body = body

    def __len__(self) -> int:
        return self._body.size_bytes

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.chunks())
