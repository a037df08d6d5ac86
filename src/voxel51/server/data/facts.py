"""Media facts: duration, resolution, frame rate and codecs of data, read from the file by an internal job."""

from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import update

from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest

MOST_BYTES = 16 * 1024
"""Size up to which a document with facts is read."""

_Amount = Annotated[float, Meta(ge=0, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Name = Annotated[str, Meta(max_length=64, pattern=r"^[ -~]*$")]


class MediaFacts(msgspec.Struct):
    """Facts of one file; None: unknown. The document comes from a process that has parsed a file of a user."""

    duration_seconds: _Amount | None = None
    frame_rate: _Amount | None = None
    frame_count: _Count | None = None
    width: _Count | None = None
    height: _Count | None = None
    video_codec: _Name | None = None
    audio_codec: _Name | None = None
    has_audio: bool | None = None

    @classmethod
    def read(cls, document: bytes) -> "MediaFacts":
        """Return the facts in a JSON document.

        Raises:
            BadRequest: the document is invalid.
        """
        try:
            return msgspec.json.decode(document, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"The facts of a file are invalid: {error}") from None


class FactsService:
    """Facts of data, in columns of the table of data."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, data_id: str, facts: MediaFacts) -> None:
        """Record the facts of data, unless it was deleted meanwhile."""
        with self._database.write(durable=False) as connection:
            connection.execute(update(data).where(data.c.id == data_id).values(msgspec.structs.asdict(facts)))
