"""Image archives on their way to the engine: uncompressed, under another name, and checked."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile

import pytest

from support.file_host import file_host
from support.image_archives import MANIFEST, a_tar, docker_archive, oci_layout
from voxel51.runners.containers.image_archive import FetchStopped, InvalidArchive, pieces_of
from voxel51.runners.programs import StoredFile

NAME = "localhost/ours:1"
ENOUGH = 1 << 30


def files_passed_on(content, most_bytes=ENOUGH, sha256=None, is_wanted=lambda: True):
    """Return name -> content of the files that the engine gets."""
    with file_host(content) as host:
        image = StoredFile(host.url, sha256 or hashlib.sha256(content).hexdigest(), len(content))
        passed = b"".join(pieces_of(image, NAME, most_bytes, is_wanted))
    with tarfile.open(fileobj=io.BytesIO(passed)) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_archive_arrives_uncompressed(compress):
    files = files_passed_on(compress(docker_archive(b"a layer of content" * 1000)))

    assert files["layer/layer.tar"] == b"a layer of content" * 1000


def test_names_in_a_docker_archive_are_replaced():
    hostile = [{**MANIFEST[0], "RepoTags": ["localhost/production:latest", NAME]}]
    content = a_tar({"manifest.json": json.dumps(hostile).encode(), "repositories": b"{}", "config.json": b"{}"})

    files = files_passed_on(content)

    assert json.loads(files["manifest.json"]) == [{**MANIFEST[0], "RepoTags": [NAME]}]
    assert "repositories" not in files


def test_names_in_an_oci_layout_are_replaced():
    files = files_passed_on(oci_layout())

    (manifest,) = json.loads(files["index.json"])["manifests"]
    assert set(manifest["annotations"].values()) == {NAME}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(docker_archive(manifest=MANIFEST * 2), "2 images", id="two-images"),
        pytest.param(a_tar({"manifest.json": b"{"}), "cannot be read", id="not-json"),
        pytest.param(gzip.compress(docker_archive(os.urandom(1 << 16)))[: 1 << 15], "cannot be read", id="truncated"),
        pytest.param(b"no archive", "cannot be read", id="no-archive"),
    ],
)
def test_archive_without_one_image_is_invalid(content, reason):
    with pytest.raises(InvalidArchive, match=reason):
        files_passed_on(content)


def test_archive_with_another_hash_is_invalid():
    with pytest.raises(InvalidArchive, match="has changed since it was uploaded"):
        files_passed_on(docker_archive(), sha256=hashlib.sha256(b"another").hexdigest())


def test_archive_that_expands_beyond_the_limit_is_invalid():
    with pytest.raises(InvalidArchive, match="more than 100000 bytes uncompressed"):
        files_passed_on(gzip.compress(docker_archive(bytes(1 << 20))), most_bytes=100_000)


def test_fetching_ends_when_the_attempt_is_stopped():
    with pytest.raises(FetchStopped):
        files_passed_on(docker_archive(), is_wanted=lambda: False)
