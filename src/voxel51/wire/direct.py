"""Direct transfers: files that go straight between a client and the S3 store, by signed links of the platform.

A client announces that it can do so. A platform without a store, or one that does not let clients reach it, ignores
that, and so do older platforms: the bytes then go through the platform.
"""

from typing import TypedDict

from voxel51.wire.data import DataRecord

HEADER = "X-Voxel51-Direct"
"""Header by which a client announces that it can transfer the file directly; its value is `ANNOUNCED`."""

ANNOUNCED = "true"
PARAMETER = "direct"
"""Query parameter with the same meaning, for links in browsers."""

REDIRECT = 307
"""Status of the answer to a download that goes on at the store. Its headers ``ETag`` and ``Repr-Digest`` belong to the
file, since the store has others or none."""

PART_BYTES = "X-Voxel51-Part-Bytes"
"""Header of the answer to a new upload that goes to the store: the size of its parts, of which the last is shorter."""

MOST_LINKS = 100
"""The number of parts for which one request may ask links."""


class DirectUploadState(TypedDict):
    """Response of ``GET data/uploads/<id>/parts``: ``missing`` has the numbers of the missing parts, from 1.

    ``data_id`` is null until the upload is complete.
    """

    size: int
    part_bytes: int
    missing: list[int]
    data_id: str | None


class PartNumbers(TypedDict):
    """Body of ``POST data/uploads/<id>/parts``: the numbers of the parts to send next, at most `MOST_LINKS`."""

    numbers: list[int]


class PartLink(TypedDict):
    """Signed link to which one part is sent by PUT, with exactly ``size`` bytes and no further headers."""

    number: int
    size: int
    url: str


class PartLinks(TypedDict):
    """Response of ``POST data/uploads/<id>/parts``."""

    links: list[PartLink]


class DirectUploadResult(TypedDict):
    """Response of ``POST data/uploads/<id>/complete``. The SHA-256 follows in the details of the data."""

    data: DataRecord
