"""Direct downloads: get a file from the S3 store by a short-lived link of the platform.

The platform decides whether a download is direct: it answers with a redirect to the store, or with the file, as before.
Hash and validator of the file come from the platform in both cases, so a download may change between the two. A large
file comes in ranges, several at the same time; after a failure only missing bytes are requested again.
"""

from collections.abc import Mapping
from dataclasses import replace

from voxel51.transport.errors import APIError
from voxel51.transport.messages import ResponseSink
from voxel51.transport.partial import PartialDownload
from voxel51.transport.ranges import PARTIAL_CONTENT, RANGE_BYTES, content_range
from voxel51.users.calls.call import Call
from voxel51.users.flows import Flow, Receive, ReceiveLink, ReceiveLinks
from voxel51.wire import direct

_AT_ONCE = 8
"""The number of ranges under way."""

_OF_THE_FILE = ("etag", "repr-digest")
"""Headers of the platform's answer that describe the file; the store has others or none."""

_OF_THE_BODY = ("content-length", "content-encoding")


class StoreFailed(APIError):
    """The store refused the link, is out of reach, or broke off. The platform can send the file itself."""


def receive(call: Call[object], partial: PartialDownload) -> Flow[None]:
    """Receive the rest of the file that ``call`` requests, from the store if the platform redirects there.

    Raises:
        StoreFailed: the store failed. Bytes that arrived are kept.
        APIError: the platform failed or refuses the call.
    """
    offer = _Offer(partial)
    announced = {**call.headers, **partial.headers(), direct.HEADER: direct.ANNOUNCED}
    yield Receive(replace(call, headers=announced), offer)
    if offer.url is None:
        return
    if partial.tag != offer.headers["etag"]:
        partial.start_over()
    # The validator is the platform's, so it was compared here; the store would not know it.
    try:
        if partial.ranges is None:
            first = {"Range": f"bytes={partial.size_bytes}-{partial.size_bytes + RANGE_BYTES - 1}"}
            yield ReceiveLink(offer.url, first, _FirstAnswer(partial, offer.headers))
        errors = yield from _receive_ranges(partial, offer.url)
    except APIError as error:
        errors = [error]
    if errors:
        raise StoreFailed(f"the download from the store failed: {errors[0].message}", errors[0].code) from errors[0]


def _receive_ranges(partial: PartialDownload, url: str) -> Flow[list[APIError]]:
    """Receive what is missing, and return the errors."""
    missing = [] if partial.ranges is None else partial.ranges.missing()
    if not missing:
        return []
    errors: list[APIError] = yield ReceiveLinks([ReceiveLink(url, each.headers, each) for each in missing], _AT_ONCE)
    return errors


class _Offer:
    """Takes the platform's answer: the file, which it passes on, or the link to the store."""

    def __init__(self, partial: PartialDownload) -> None:
        self._partial = partial
        self.url: str | None = None
        self.headers: Mapping[str, str] = {}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Note the link, or begin the file."""
        if status != direct.REDIRECT:
            self._partial.begin(status, headers)
            return
        self.url = headers["location"]
        self.headers = {name: headers[name] for name in _OF_THE_FILE if name in headers}

    def take(self, chunk: bytes) -> None:
        """Pass on a piece of the file."""
        if self.url is None:
            self._partial.take(chunk)


class _FirstAnswer:
    """Takes the store's first answer, which has the size of the file, and adds what the platform said about the file.

    The answer is the first range, or the whole file where a proxy before the store ignores ranges.
    """

    def __init__(self, partial: PartialDownload, of_the_file: Mapping[str, str]) -> None:
        self._partial = partial
        self._of_the_file = of_the_file
        self._into: ResponseSink = partial

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin the file, or its rest."""
        found = content_range(headers) if status == PARTIAL_CONTENT else None
        if found is not None and found[0] == self._partial.size_bytes < found[2]:
            self._into = self._partial.begin_ranges(found[2], self._of_the_file).missing()[0]
            self._into.begin(status, headers)
            return
        of_the_body = {name: headers[name] for name in _OF_THE_BODY if name in headers}
        self._partial.begin(status, {**of_the_body, **self._of_the_file})

    def take(self, chunk: bytes) -> None:
        """Take a piece of the file."""
        self._into.take(chunk)
