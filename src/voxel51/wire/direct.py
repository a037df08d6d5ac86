"""Direct transfers: files that go straight between a client and the S3 store, by signed links of the platform.

A client announces that it can do so. A platform without a store, or one that does not let clients reach it, ignores
that, and so do older platforms: the bytes then go through the platform.
"""

from typing import TypedDict

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
"""The number of links that one request may ask for."""


class PartLink(TypedDict):
    """Signed link that takes one part by PUT: exactly ``size`` bytes. ``number`` counts from 1."""

    number: int
    size: int
    url: str


class UploadParts(TypedDict):
    """Response of ``GET data/uploads/<id>/parts``.

    ``missing`` has the number of parts that the store does not have yet, ``links`` those to send some of them. Once
    none is missing, ``POST data/uploads/<id>/complete`` makes the file.
    """

    part_bytes: int
    missing: int
    links: list[PartLink]
