"""Sources in place in buckets: objects below a prefix, which are read only as long as their ETag stays."""

from collections.abc import Iterator
from contextlib import contextmanager

import obstore
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from voxel51.server.errors import SourceAway, SourceRefused
from voxel51.server.storage.disk import storage_unavailable
from voxel51.server.storage.in_place import LeftOut, SourceFile
from voxel51.server.storage.s3 import S3Reader
from voxel51.server.storage.storage import CHUNK_BYTES


class BucketSource:
    """The objects of ``bucket``, below its prefix. Implements `voxel51.server.storage.in_place.Source`."""

    def __init__(self, bucket: S3Store) -> None:
        self._bucket = bucket

    def files(self, left_out: LeftOut) -> Iterator[SourceFile]:  # noqa: ARG002  (keys are text)
        """Implement `Source.files`."""
        try:
            for page in obstore.list(self._bucket):
                for found in page:
                    name, tag = found["path"], found["e_tag"]
                    if tag and name and not any(part.startswith(".") for part in name.split("/")):
                        yield SourceFile(name, found["size"], tag)
        except (BaseError, OSError) as error:
            raise SourceAway("The bucket of the source does not answer or refuses") from error

    def read(self, file: SourceFile, start: int = 0, length: int | None = None) -> S3Reader:
        """Implement `Source.read`. The store compares the ETag, so what it sends is of one state."""
        end = file.size_bytes if length is None else min(start + length, file.size_bytes)
        if start >= end:
            return S3Reader(iter(()), _store_errors)
        try:
            options = {"if_match": file.state, "range": (start, end)}
            found = obstore.get(self._bucket, file.path, options=options)  # type: ignore[arg-type]  # as documented
        except FileNotFoundError as error:
            raise SourceRefused(f"The source file '{file.path}' was deleted since it was registered") from error
        except PreconditionError as error:
            raise SourceRefused(f"The source file '{file.path}' was changed since it was registered") from error
        except (BaseError, OSError) as error:
            raise SourceAway("The bucket of the source does not answer or refuses") from error
        return S3Reader(map(bytes, found.stream(min_chunk_size=CHUNK_BYTES)), _store_errors)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise storage_unavailable("the bucket of a source broke off") from error
