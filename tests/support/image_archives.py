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


def oci_layout() -> bytes:
    """Return an archive in the OCI image layout."""
    index = {"schemaVersion": 2, "manifests": [{"digest": "sha256:abc", "size": 2}]}
    return a_tar(
        {
            "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
            "index.json": json.dumps(index).encode(),
            "blobs/sha256/abc": b"{}",
        }
    )
