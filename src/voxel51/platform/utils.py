"""Original SDK: signed links, the files behind them, and metadata of videos and images."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voxel51.labels.extras import extra
from voxel51.platform.filenames import filename_of
from voxel51.platform.serializable import Config, ConfigError
from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request, StreamedBody
from voxel51.transport.multipart import file_body
from voxel51.transport.retrying import RetryingSender
from voxel51.transport.saving import write_all
from voxel51.transport.sender import JOB_HEADERS, HttpSender
from voxel51.wire.documents import JsonObject
from voxel51.wire.tasks import MetadataReport

if TYPE_CHECKING:
    from voxel51.platform.source_port import SourcePortAdapter

__all__ = [
    "RemotePathConfig",
    "SourcePortAdapter",
    "download",
    "download_bytes",
    "get_download_path",
    "get_metadata_for_image",
    "get_metadata_for_video",
    "load_json",
    "upload",
    "upload_bytes",
]

FilePath = str | os.PathLike[str]

_KEYS = ("signed-url", "signed_url")
_links = HttpSender(headers=JOB_HEADERS)  # keeps its connections: all links of a job lead to one host
_heads = HttpSender(headers=JOB_HEADERS, keep_alive=False)


class RemotePathConfig(Config):
    """Signed link to one file of a job.

    Attributes:
        signed_url: address that needs no credential.
    """

    def __init__(self, d: Mapping[str, Any]) -> None:
        found = [d[key] for key in _KEYS if isinstance(d.get(key), str)]
        if not found:
            raise ConfigError(f"a link has the key 'signed-url' with a text; the keys are {sorted(d)}")
        self.signed_url: str = found[0]

    @staticmethod
    def is_path_config_dict(d: object) -> bool:
        """Return whether ``d`` is a document of a signed link; parameters may be any other JSON value."""
        return isinstance(d, Mapping) and any(isinstance(d.get(key), str) for key in _KEYS)

    @classmethod
    def from_signed_url(cls, signed_url: str) -> Self:
        """Return the link to this address."""
        return cls({_KEYS[0]: signed_url})

    def serialize(self) -> JsonObject:
        """Return the document of the link."""
        return {_KEYS[0]: self.signed_url}


def get_metadata_for_video(video_path: FilePath) -> MetadataReport:
    """Return the number of frames, the duration and the size of a video, as jobs report them.

    Frames are counted if the file does not declare their number.

    Raises:
        ModuleNotFoundError: the extra ``labels`` is not installed.
        voxel51.labels.media.containers.UnreadableVideo: the file is not a video.
    """
    with extra("labels"):
        from voxel51.labels.media.video_reader import VideoReader  # noqa: PLC0415  (needs the extra)

    path = Path(video_path)
    with VideoReader(path) as video:
        if not (video.metadata.total_frame_count and video.metadata.duration):
            for _ in video:
                continue
        metadata = video.metadata
    return {
        "frame_count": metadata.total_frame_count or 0,
        "duration_seconds": metadata.duration or 0.0,
        "size_bytes": path.stat().st_size,
    }


def get_metadata_for_image(image_path: FilePath) -> MetadataReport:
    """Return the metadata that a job reports for an image: one frame, no duration, and its size."""
    return {"frame_count": 1, "duration_seconds": 0, "size_bytes": Path(image_path).stat().st_size}


def get_download_path(path_config: RemotePathConfig, output_dir: FilePath) -> str:
    """Return the path to which `download` writes the file of a link: ``output_dir`` and the name on the platform.

    The name is asked for by a HEAD request on a connection of its own, which follows no redirect.
    """
    request = Request("HEAD", path_config.signed_url, repeatable=True, follow_redirects=False)
    response = RetryingSender(_heads).fetch(request)
    return str(Path(output_dir, filename_of(response.headers.get("content-disposition"), path_config.signed_url)))


def download(path_config: RemotePathConfig, output_dir: FilePath) -> str:
    """Download the file of a link into ``output_dir``, which is created, and return its path.

    Raises:
        APIError: the link was refused, or the connection broke.
    """
    path = Path(get_download_path(path_config, output_dir))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _links.send(Request("GET", path_config.signed_url, repeatable=True)) as response:
        if response.status >= 400:
            raise APIError.from_response(response)
        with path.open("wb", buffering=0) as file:
            for chunk in response.chunks():
                write_all(file.fileno(), chunk)
    return str(path)


def download_bytes(path_config: RemotePathConfig) -> bytes:
    """Return the content of the file of a link.

    Raises:
        APIError: the link was refused, or the connection broke.
    """
    response = RetryingSender(_links).fetch(Request("GET", path_config.signed_url, repeatable=True))
    if response.status >= 400:
        raise APIError.from_response(response)
    return response.body


def upload(local_path: FilePath, path_config: RemotePathConfig) -> None:
    """Upload a file to a link. The request has no ``Content-Type``, which some storages would refuse.

    Raises:
        APIError: the link was refused, or the connection broke.
    """
    _put(path_config, file_body(local_path), {})


def upload_bytes(bytes_str: bytes | str, path_config: RemotePathConfig, content_type: str | None = None) -> None:
    """Upload bytes, or text as UTF-8, to a link; raises as `upload` does."""
    body = bytes_str.encode() if isinstance(bytes_str, str) else bytes_str
    _put(path_config, body, {"Content-Type": content_type} if content_type else {})


def _put(path_config: RemotePathConfig, body: bytes | StreamedBody, headers: Mapping[str, str]) -> None:
    response = RetryingSender(_links).fetch(Request("PUT", path_config.signed_url, headers, body, repeatable=True))
    if response.status >= 400:
        raise APIError.from_response(response)


def load_json(str_or_bytes: str | bytes) -> JsonObject:
    """Return the JSON object in a text.

    Raises:
        ValueError: the text is not JSON.
    """
    document: JsonObject = json.loads(str_or_bytes)
    return document


def __getattr__(name: str) -> object:
    # On first use: it needs the package `requests`, which nothing else in this project does.
    if name != "SourcePortAdapter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from voxel51.platform.source_port import SourcePortAdapter  # noqa: PLC0415

    return SourcePortAdapter
