"""The heads of answers: of the form that nearly all have in microseconds, of any other by the standard library."""

import io
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from voxel51.transport.connections import Connection

if TYPE_CHECKING:
    import socket

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_WITHOUT_BODY = {204, 304}


class UnusualAnswer(Exception):
    """The head is of a form, or wrong in a way, that the standard library is to look at."""


class AsciiHeaders(Mapping[str, str]):
    """Headers as they are asked for, in any case. One that is not ASCII counts as absent.

    Args:
        found: by name in lower case.
    """

    __slots__ = ("_found",)

    def __init__(self, found: dict[str, str]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        text = self._found[name.lower()]
        if not text.isascii():
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def reason_of(status: int) -> str:
    """The usual words for ``status``."""
    return _PHRASES.get(status, "")


def head_of(head: bytes) -> tuple[int, dict[str, str], int]:
    """Status, headers by lower-case name, and the length of the body in bytes.

    Raises:
        UnusualAnswer: something is there twice or in pieces, or the body's length is told otherwise or not at all.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    status = first[9:12]
    if not first.startswith("HTTP/1.1 ") or not status.isdecimal() or status < "200":
        raise UnusualAnswer
    headers = {}
    for line in lines:
        name, colon, text = line.partition(":")
        if not colon or name != name.strip():
            raise UnusualAnswer
        headers[name.lower()] = text.strip(" \t")
    length = headers.get("content-length", "0" if int(status) in _WITHOUT_BODY else "")
    if len(headers) != len(lines) or "transfer-encoding" in headers or not (length.isascii() and length.isdecimal()):
        raise UnusualAnswer
    return int(status), headers, 0 if int(status) in _WITHOUT_BODY else int(length)


def read_unusual(connection: Connection, received: bytes, method: str) -> tuple[int, Mapping[str, str], bytes, bool]:
    """Status, headers, body, and whether the connection can be used again; ``received`` is what came so far.

    Raises:
        ConnectionError: it is no HTTP, or breaks off.
    """
    from http.client import HTTPException, HTTPResponse  # noqa: PLC0415  (20 ms, and nearly never needed)

    response = HTTPResponse(cast("socket.socket", _Replayed(connection, received)), method=method)
    try:
        response.begin()
        body = response.read()
    except HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None
    finally:
        response.close()
    found: dict[str, str] = {}
    for name, text in response.getheaders():
        found.setdefault(name.lower(), text)
    return response.status, AsciiHeaders(found), body, not response.will_close


class _Replayed(io.RawIOBase):
    """What came already, and then what still comes; in the place of a socket."""

    def __init__(self, connection: Connection, received: bytes) -> None:
        self._connection = connection
        self._received = received

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What the standard library reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a memoryview is what comes
        """The next bytes."""
        if not self._received:
            self._received = self._connection.receive()
        taken = min(len(buffer), len(self._received))
        buffer[:taken] = self._received[:taken]
        self._received = self._received[taken:]
        return taken
