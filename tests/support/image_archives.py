"""Container image archives for tests, valid and hostile."""

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

CONFIG = b'{"architecture": "amd64", "os": "linux"}'
MANIFEST = [{"Config": "config.json", "RepoTags": ["mine:latest"], "Layers": ["layer/layer.tar"]}]


def a_tar(files: Mapping[str, bytes], archive_format: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar archive of ``files`` (name -> content)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=archive_format) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def docker_archive(layer: bytes = b"a layer", manifest: Any = MANIFEST, **more: Any) -> bytes:
    """Return an archive in the format of ``docker save``, with one layer."""
    files = {"config.json": CONFIG, "layer/layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    return a_tar(files, **more)


def oci_layout(*without: str) -> bytes:
    """Return an archive in the OCI image layout: an index of an index of two platforms, of which one is in the archive.

    ``without``: names of blobs to leave out: ``manifest``, ``config``, ``layer``.
    """

    def names(*blobs: str) -> list[dict[str, Any]]:
        return [{"digest": f"sha256:{blob}", "size": 2} for blob in blobs]

    blobs: dict[str, Any] = {
        "index": {"manifests": names("other-platform", "manifest")},
        "manifest": {"config": names("config")[0], "layers": names("layer")},
        "config": {"architecture": "amd64"},
        "layer": "a layer",
    }
    files = {f"blobs/sha256/{name}": json.dumps(blob).encode() for name, blob in blobs.items() if name not in without}
    index = json.dumps({"schemaVersion": 2, "manifests": names("index")}).encode()
    return a_tar({"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **files})
