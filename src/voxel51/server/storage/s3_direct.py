"""Direct transfers with an S3 store: signed links and multipart uploads, by botocore.

obstore, which the platform uses for its own reading and writing, signs plain requests only: neither the headers of a
download nor the parts of an upload.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from voxel51.server.storage.direct import DownloadHeaders
from voxel51.server.storage.disk import storage_unavailable

log = logging.getLogger(__name__)

_MISSING = {"NoSuchUpload", "NoSuchKey", "404"}
_DEFAULT_REGION = "us-east-1"
_COMPLETION_SECONDS = 600
"""Time for an answer: the store may need minutes to join many parts."""


class S3DirectTransfers:
    """Direct transfers with one bucket. Implements `voxel51.server.storage.direct.DirectTransfers`.

    Args:
        bucket: name of the bucket.
        prefix: of all keys, without a slash at its end; may be empty.
        endpoint: URL of the store for the platform; None for Amazon S3.
        public_endpoint: URL of the store for clients.
        region: of the bucket.
        link_seconds: time until a link expires.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        endpoint: str | None,
        public_endpoint: str,
        region: str | None,
        link_seconds: int,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._link_seconds = link_seconds
        self._store = _client(endpoint, region or _DEFAULT_REGION)
        self._signer = _client(public_endpoint, region or _DEFAULT_REGION)

    def download_url(self, key: str, headers: DownloadHeaders) -> str:
        """Implement `DirectTransfers.download_url`."""
        return self._sign(
            "get_object",
            Key=self._prefix + key,
            ResponseContentDisposition=headers.content_disposition,
            ResponseContentType=headers.content_type,
            ResponseCacheControl="private, no-transform",
        )

    def begin(self, key: str) -> str:
        """Implement `DirectTransfers.begin`."""
        with _store_errors():
            answer = self._store.create_multipart_upload(Bucket=self._bucket, Key=self._prefix + key)
        return str(answer["UploadId"])

    def part_url(self, key: str, upload_id: str, number: int, size_bytes: int) -> str:
        """Implement `DirectTransfers.part_url`. The length is signed, so the store refuses a part of another size."""
        return self._sign(
            "upload_part",
            Key=self._prefix + key,
            UploadId=upload_id,
            PartNumber=number,
            ContentLength=size_bytes,
        )

    def parts(self, key: str, upload_id: str) -> Mapping[int, int]:
        """Implement `DirectTransfers.parts`."""
        return {part["PartNumber"]: part["Size"] for part in self._parts(key, upload_id)}

    def complete(self, key: str, upload_id: str) -> None:
        """Implement `DirectTransfers.complete`."""
        parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in self._parts(key, upload_id)]
        with _store_errors():
            self._store.complete_multipart_upload(
                Bucket=self._bucket, Key=self._prefix + key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )

    def abort(self, key: str) -> None:
        """Implement `DirectTransfers.abort`. Finds uploads whose id was never recorded, too."""
        name = self._prefix + key
        try:
            found = self._store.list_multipart_uploads(Bucket=self._bucket, Prefix=name).get("Uploads", [])
            for each in found:
                if each["Key"] == name:
                    self._store.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=each["UploadId"])
        except (BotoCoreError, ClientError) as error:
            log.warning("parts of %s cannot be deleted: %s. The lifecycle rule of the bucket deletes them", key, error)

    def _parts(self, key: str, upload_id: str) -> list[dict[str, Any]]:
        pages = self._store.get_paginator("list_parts")
        with _store_errors():
            found = pages.paginate(Bucket=self._bucket, Key=self._prefix + key, UploadId=upload_id)
            return [part for page in found for part in page.get("Parts", [])]

    def _sign(self, operation: str, **parameters: object) -> str:
        arguments = {"Bucket": self._bucket, **parameters}
        return str(self._signer.generate_presigned_url(operation, Params=arguments, ExpiresIn=self._link_seconds))


def _client(endpoint: str | None, region: str) -> Any:
    # Path style works with every store, as in obstore. Checksums of botocore's own would have to come with each part.
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=_COMPLETION_SECONDS,
        retries={"mode": "standard", "max_attempts": 3},
    )
    return Session().create_client("s3", region_name=region, endpoint_url=endpoint or None, config=config)


@contextmanager
def _store_errors() -> Iterator[None]:
    """Raise FileNotFoundError for an upload that does not exist, and Unavailable for every other error."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise FileNotFoundError(str(error)) from error
        raise _unavailable(error) from error
    except BotoCoreError as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Exception:
    # As in obstore's errors, the text may have addresses that users must not see.
    log.warning("the S3 store failed: %s", str(error).partition("\n")[0][:500])
    return storage_unavailable("its S3 store does not answer or refuses")
