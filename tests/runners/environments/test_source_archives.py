"""Source archives: what is unpacked, and what hostile archives do not reach."""

import io
import stat
import tarfile
import zipfile

import pytest

from samples.bundles import archive
from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.source_archives import SourceLimits, unpack

LIMITS = SourceLimits(archive_bytes=1 << 20, unpacked_bytes=1 << 20, files=100)


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as found:
        for name, text in files.items():
            found.writestr(name, text)
    return content.getvalue()


def tarred(*members, mode="w"):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as tar:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    return content.getvalue()


def unpacked(folder, content, limits=LIMITS):
    (folder / "archive").write_bytes(content)
    unpack(folder / "archive", folder / "unpacked", limits)
    return {str(path.relative_to(folder / "unpacked")) for path in (folder / "unpacked").rglob("*") if path.is_file()}


FILES = {"cars.py": b"x = 1\n", "models/cars.onnx": b"weights"}


@pytest.mark.parametrize("make", [archive, zipped], ids=["tar", "zip"])
def test_archive_is_unpacked_readable(tmp_path, make):
    assert unpacked(tmp_path, make(FILES)) == set(FILES)

    assert (tmp_path / "unpacked/models/cars.onnx").read_bytes() == b"weights"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("unpacked/**/*")}
    assert modes == {0o755, 0o644}


@pytest.mark.parametrize("make", [archive, zipped], ids=["tar", "zip"])
def test_single_folder_is_left_out_and_so_is_what_systems_add(tmp_path, make):
    files = {"project/cars.py": b"", "project/.DS_Store": b"", "project/__pycache__/cars.pyc": b"", "__MACOSX/x": b""}

    assert unpacked(tmp_path, make(files)) == {"cars.py"}


def link_in_zip():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as found:
        information = zipfile.ZipInfo("link")
        information.external_attr = (stat.S_IFLNK | 0o777) << 16
        found.writestr(information, "/etc/passwd")
    return content.getvalue()


def long_header():
    """Return a tar file with a name of 100 MB, which libraries read in one piece."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("././@LongLink")
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, 100 << 20
        tar.addfile(member, io.BytesIO(bytes(100 << 20)))
    return content.getvalue()


def false_directory():
    """Return a ZIP file that claims a directory of 4 GB."""
    content = bytearray(zipped({"a.py": b"x"}))
    place = content.rindex(b"PK\x05\x06")
    content[place + 12 : place + 16] = b"\xf0\xff\xff\xff"
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(archive({"../out.py": b""}), "which cannot be unpacked", id="tar-parent"),
        pytest.param(archive({"/etc/out.py": b""}), "which cannot be unpacked", id="tar-absolute"),
        pytest.param(zipped({"../out.py": b""}), "which cannot be unpacked", id="zip-parent"),
        pytest.param(zipped({"a/../../out.py": b""}), "which cannot be unpacked", id="zip-inner-parent"),
        pytest.param(zipped({"..\\out.py": b""}), "which cannot be unpacked", id="zip-backslash"),
        pytest.param(zipped({"a\nb.py": b""}), "which cannot be unpacked", id="line-break"),
        pytest.param(archive({"a" * 2000: b""}), "which cannot be unpacked", id="long-name"),
        pytest.param(tarred(("a", tarfile.SYMTYPE, "/etc/passwd")), "neither a file nor", id="tar-link"),
        pytest.param(tarred(("a", tarfile.LNKTYPE, "/etc/passwd")), "neither a file nor", id="tar-hard-link"),
        pytest.param(tarred(("a", tarfile.FIFOTYPE, "")), "neither a file nor", id="pipe"),
        pytest.param(tarred(("a", tarfile.CHRTYPE, "")), "neither a file nor", id="device"),
        pytest.param(link_in_zip(), "neither a file nor", id="zip-link"),
        pytest.param(zipped({"zeros": bytes(5 << 20)}), "too large", id="zip-bomb"),
        pytest.param(archive({"zeros": bytes(5 << 20)}), "too large", id="tar-bomb"),
        pytest.param(long_header(), "too large", id="header-bomb"),
        pytest.param(false_directory(), "damaged", id="directory-bomb"),
        pytest.param(archive({f"{n}.py": b"" for n in range(101)}), "more than 100 files", id="many-files"),
        pytest.param(zipped({f"{n}.py": b"" for n in range(101)}), "more than 100 files", id="many-files-zip"),
        pytest.param(archive({"a": b"", "a/b": b""}), "twice", id="file-as-folder"),
        pytest.param(tarred(("a", tarfile.REGTYPE, ""), ("a", tarfile.REGTYPE, "")), "twice", id="twice"),
        pytest.param(archive(FILES)[:-20], "damaged", id="cut"),
        pytest.param(zipped(FILES)[:-20], "damaged", id="cut-zip"),
        pytest.param(b"not an archive" * 100, "damaged", id="text"),
        pytest.param(bytes(2 << 20), "larger than", id="large"),
    ],
)
def test_hostile_archive_is_refused_and_nothing_is_left(tmp_path, content, message):
    place = tmp_path / "place"
    place.mkdir()

    with pytest.raises(BuildError, match=message):
        unpacked(place, content)

    assert [path.name for path in place.iterdir()] == ["archive"]
    assert list(tmp_path.iterdir()) == [place]
