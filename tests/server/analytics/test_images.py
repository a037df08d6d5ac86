"""Container images: which archives are accepted, and why others are refused."""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import tracemalloc

import pytest

from support.image_archives import CONFIG, MANIFEST, a_tar, docker_archive, oci_layout
from voxel51.server.analytics.images.inspector import ImageFormat, ImageInspector, ImageLimits
from voxel51.server.errors import BadRequest

CHUNK_BYTES = 64 * 1024
LIMITS = ImageLimits()
IMAGE = docker_archive(random.Random(51).randbytes(300_000))


def found_in(content, limits=LIMITS, chunk_bytes=CHUNK_BYTES):
    inspector = ImageInspector(limits)
    for start in range(0, len(content), chunk_bytes):
        inspector.feed(content[start : start + chunk_bytes])
    inspector.finish()
    return inspector.format


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        pytest.param(IMAGE, ImageFormat.DOCKER, id="plain"),
        pytest.param(gzip.compress(IMAGE), ImageFormat.DOCKER, id="gzip"),
        pytest.param(bz2.compress(IMAGE), ImageFormat.DOCKER, id="bzip2"),
        pytest.param(lzma.compress(IMAGE), ImageFormat.DOCKER, id="xz"),
        pytest.param(gzip.compress(IMAGE[:999]) + gzip.compress(IMAGE[999:]), ImageFormat.DOCKER, id="two"),
        pytest.param(gzip.compress(IMAGE) + bytes(512), ImageFormat.DOCKER, id="padded-gzip"),
        pytest.param(oci_layout(), ImageFormat.OCI, id="oci"),
        pytest.param(docker_archive(archive_format=tarfile.PAX_FORMAT), ImageFormat.DOCKER, id="pax"),
    ],
)
def test_layout_is_recognized_by_the_content(content, layout):
    assert found_in(content) == layout
    assert found_in(content, chunk_bytes=997) == layout


@pytest.mark.parametrize("archive_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_are_read_completely(archive_format):
    config = "long" * 20 + "/" + "name" * 20 + ".json"
    manifest = b'[{"Config": "%s", "Layers": []}]' % config.encode()

    assert found_in(a_tar({config: CONFIG, "manifest.json": manifest}, archive_format)) == ImageFormat.DOCKER


def test_size_in_an_extended_header_is_used():
    record = b"13 size=1024\n"
    layer = tarfile.TarInfo("layer.tar").tobuf(tarfile.USTAR_FORMAT) + b"not a header".ljust(1024, b"\xff")
    content = with_header(b"x", len(record)) + record.ljust(512, b"\0") + layer + docker_archive()

    assert found_in(content) == ImageFormat.DOCKER


def test_links_within_the_archive_are_accepted():
    buffer = io.BytesIO(docker_archive())
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        archive.addfile(a_link("other/layer.tar", "../layer/layer.tar"))

    assert found_in(buffer.getvalue()) == ImageFormat.DOCKER


def test_layer_may_be_a_link_to_another():
    assert found_in(linked_layer("config.json")) == ImageFormat.DOCKER


def a_link(name, target, kind=tarfile.SYMTYPE):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def with_entry(entry):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry)
    return buffer.getvalue()


def without(name):
    files = {"config.json": CONFIG, "layer/layer.tar": b"a layer"}
    files.pop(name)
    return a_tar({**files, "manifest.json": json.dumps(MANIFEST).encode()})


def linked_layer(target):
    buffer = io.BytesIO(without("layer/layer.tar"))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        archive.addfile(a_link("layer/layer.tar", f"../{target}"))
    return buffer.getvalue()


def with_header(kind, size):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "it is empty: 0 bytes were uploaded", id="empty"),
        pytest.param(b"hello", "not a tar archive: it begins with hello", id="text"),
        pytest.param(b"\x89PNG" + bytes(2000), "not a tar archive: it begins with", id="picture"),
        pytest.param(bytes(10240), "not a tar archive", id="zeros"),
        pytest.param(gzip.compress(b"hello" * 500), "not a tar archive: it begins with hello", id="gzip-of-text"),
        pytest.param(gzip.compress(b""), "not a tar archive: the compressed content is empty", id="gzip-of-nothing"),
        pytest.param(gzip.compress(IMAGE)[:-9000], "ends too early: the file is truncated", id="cut-gzip"),
        pytest.param(gzip.compress(IMAGE)[:-4], "ends too early: the file is truncated", id="cut-gzip-trailer"),
        pytest.param(gzip.compress(IMAGE)[:-8] + bytes(8), "gzip compression is damaged", id="wrong-checksum"),
        pytest.param(gzip.compress(IMAGE) + b"more", "gzip compression is damaged", id="trailing-garbage"),
        pytest.param(bz2.compress(IMAGE)[:-9], "ends too early: the file is truncated", id="cut-bzip2"),
        pytest.param(b"BZh9" + bytes(999), "bzip2 compression is damaged", id="damaged-bzip2"),
        pytest.param(lzma.compress(IMAGE)[:-9], "ends too early: the file is truncated", id="cut-xz"),
        pytest.param(IMAGE[:100_000], "is truncated", id="cut-tar"),
        pytest.param(IMAGE[:512], "is truncated", id="cut-after-header"),
        pytest.param(a_tar({"readme.txt": b"hi"}), "but begins with 'readme.txt'", id="another-archive"),
        pytest.param(a_tar({"index.json": b"{}"}), "neither 'manifest.json' nor", id="index-alone"),
        pytest.param(a_tar({}), "not a tar archive", id="no-entries"),
        pytest.param(a_tar({"manifest.json": b"{"}), "manifest.json is not valid JSON", id="invalid-json"),
        pytest.param(a_tar({"manifest.json": b"[" * 500_000}), "manifest.json is not valid JSON", id="deep-json"),
        pytest.param(docker_archive(manifest={}), "manifest.json is a JSON dict, not a list", id="wrong-json-type"),
        pytest.param(
            a_tar({"oci-layout": b"{}", "index.json": b"[]"}), "index.json is a JSON list, not a dict", id="no-object"
        ),
        pytest.param(a_tar({"inner/manifest.json": b"[]"}), "neither 'manifest.json' nor", id="wrong-place"),
        pytest.param(with_entry(a_link("manifest.json", "", tarfile.DIRTYPE)), "neither 'manifest.json'", id="folder"),
        pytest.param(a_tar({"manifest.json": b" " * 1_100_000}), "bytes; 1048576 is the limit", id="long-manifest"),
        pytest.param(a_tar({"../evil": b""}), "'../evil' leads outside the archive", id="traversal"),
        pytest.param(a_tar({"a/../../evil": b""}), "leads outside the archive", id="hidden-traversal"),
        pytest.param(a_tar({"/etc/passwd": b""}), "'/etc/passwd' leads outside the archive", id="absolute"),
        pytest.param(with_entry(a_link("a", "../../etc/passwd")), "leads outside the archive, to", id="link-out"),
        pytest.param(with_entry(a_link("a", "/etc/passwd")), "leads outside the archive, to", id="absolute-link"),
        pytest.param(
            with_entry(a_link("a/b", "../c", tarfile.LNKTYPE)), "leads outside the archive, to", id="hard-link-out"
        ),
        pytest.param(with_entry(a_link("a", "", tarfile.CHRTYPE)), "is not a file, folder or link", id="device"),
        pytest.param(docker_archive(manifest=[]), "manifest.json names no image", id="no-image"),
        pytest.param(docker_archive(manifest=[{}]), "an image without a list of layers", id="no-layers"),
        pytest.param(docker_archive(manifest=[None]), "an image without a list of layers", id="no-object-in-list"),
        pytest.param(without("layer/layer.tar"), "names the file 'layer/layer.tar', which", id="missing-layer"),
        pytest.param(without("config.json"), "names the file 'config.json', which", id="missing-configuration"),
        pytest.param(docker_archive(manifest=[{"Config": 1, "Layers": []}]), "names the file 1", id="no-name"),
        pytest.param(linked_layer("gone/layer.tar"), "names the file 'layer/layer.tar', which", id="link-to-nothing"),
        pytest.param(oci_layout("layer"), "names the file 'blobs/sha256/layer', which", id="missing-oci-layer"),
        pytest.param(oci_layout("config"), "names the file 'blobs/sha256/config', which", id="missing-oci-config"),
        pytest.param(oci_layout("manifest"), "names the file 'blobs/sha256/", id="missing-oci-manifest"),
        pytest.param(oci_layout("index"), "names the file 'blobs/sha256/index', which", id="missing-oci-index"),
        pytest.param(a_tar({"oci-layout": b"{}", "index.json": b"{}"}), "index.json names no image", id="empty-index"),
        pytest.param(with_header(b"L", 2**33), "a header of 8589934592 bytes", id="huge-name"),
        pytest.param(with_header(b"x", 2**33), "a header of 8589934592 bytes", id="huge-extended-header"),
        pytest.param(with_header(b"0", 2**40), "is truncated", id="huge-entry"),
        pytest.param(with_header(b"x", 5) + b"12345".ljust(512, b"\0"), "header has no records", id="no-records"),
    ],
)
def test_invalid_image_is_refused_with_the_reason(content, reason):
    with pytest.raises(BadRequest) as refused:
        found_in(content)

    assert reason in str(refused.value)
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_decompression_bomb_is_refused_in_little_memory(compress):
    bomb = compress(docker_archive(bytes(100 * 1024**2)))
    tracemalloc.start()

    with pytest.raises(BadRequest, match="which is too much for its size"):
        found_in(bomb)

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 16 * 1024**2


def test_archive_with_too_many_entries_is_refused():
    with pytest.raises(BadRequest, match="more than 10 entries"):
        found_in(a_tar({str(number): b"" for number in range(11)}), ImageLimits(members=10))


def test_damage_at_any_byte_is_handled():
    dice = random.Random(3)
    small = docker_archive()
    for content in (small, gzip.compress(small), bz2.compress(small), lzma.compress(small)):
        for _ in range(150):
            damaged = bytearray(content)
            for _ in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            try:
                found_in(bytes(damaged))
            except BadRequest as error:
                assert len(str(error)) < 700
