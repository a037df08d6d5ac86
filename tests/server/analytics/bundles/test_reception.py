"""Reception of bundles: all formats give the same archive, and unsafe ones are refused without a trace."""

import gzip
import io
import stat
import tarfile
import zipfile

import pytest

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.bundles.heading import Heading
from voxel51.server.analytics.bundles.inspector import BundleFormat, BundleInspector
from voxel51.server.analytics.bundles.project_folder import BundleLimits
from voxel51.server.analytics.bundles.reception import BundleReception, ReceivedBundle
from voxel51.server.errors import BadRequest, TooLarge, TooManyRequests
from voxel51.server.storage.local import LocalStorage

SOURCE = b"@analytic(version='1.0')\ndef cars(video): ...\n"
FILES = {"cars.py": SOURCE, "data/names.txt": b"a\nb\n"}
OWNER = User("1", "alice")
LIMIT_BYTES = 1_000_000


@pytest.fixture
def storage(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    return storage


@pytest.fixture
def reception(tmp_path, storage):
    return BundleReception(storage, tmp_path / "received", BundleLimits(LIMIT_BYTES, files=20))


def receive(
    reception: BundleReception, storage: LocalStorage, content: bytes, filename: str = "a.zip"
) -> ReceivedBundle:
    inspector = BundleInspector(LIMIT_BYTES)
    inspector.feed(content)
    inspector.finish()
    upload = storage.writer("bundles/upload")
    upload.write(content)
    return reception.receive(OWNER, filename, upload, inspector.format)


def a_tar(files, prefix="", mode="w:gz", entry=None):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size, info.mtime = len(content), 1_700_000_000
            archive.addfile(info, io.BytesIO(content))
        if entry is not None:
            archive.addfile(entry)
    return file.getvalue()


def a_zip(files, prefix="", entry=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
        if entry is not None:
            archive.writestr(entry, b"target")
    return file.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def zip_link(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def files_in(bundle: ReceivedBundle, storage: LocalStorage) -> dict[str, bytes]:
    bundle.archive.commit()
    content = b"".join(storage.read(bundle.archive.key))
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(a_tar(FILES), id="tar.gz"),
        pytest.param(a_tar(FILES, mode="w"), id="tar"),
        pytest.param(a_tar(FILES, mode="w:xz"), id="tar.xz"),
        pytest.param(a_tar(FILES, "project/"), id="folder-in-tar"),
        pytest.param(a_tar(dict(reversed(FILES.items()))), id="other-order"),
        pytest.param(a_zip(FILES), id="zip"),
        pytest.param(a_zip(FILES, "project-main/"), id="folder-in-zip"),
        pytest.param(a_zip({**FILES, ".git/config": b"x", "__pycache__/a.pyc": b"x"}), id="excluded"),
    ],
)
def test_every_format_gives_the_same_bundle(reception, storage, content):
    bundle = receive(reception, storage, content)
    expected = receive(reception, storage, a_zip(FILES))

    assert bundle.heading == Heading("cars", "1.0")
    assert (bundle.content_sha256, bundle.archive.sha256) == (expected.content_sha256, expected.archive.sha256)
    assert files_in(bundle, storage) == FILES


def test_python_file_is_a_bundle_of_one_file(reception, storage):
    bundle = receive(reception, storage, SOURCE, "C:\\work\\../cars.py")

    assert files_in(bundle, storage) == {"cars.py": SOURCE}


UNSAFE = [
    pytest.param(a_zip({"../a.py": SOURCE}), "'../a.py' leads outside of it", id="zip-parent"),
    pytest.param(a_zip({"a/../../b.py": SOURCE}), "leads outside of it", id="zip-inner-parent"),
    pytest.param(a_zip({"C:/a.py": SOURCE}), "leads outside of it", id="zip-drive"),
    pytest.param(a_tar({"/etc/a.py": SOURCE}), "leads outside of it", id="tar-absolute"),
    pytest.param(a_tar({"a\\b.py": SOURCE}), "leads outside of it", id="tar-backslash"),
    pytest.param(a_tar({"a\nb.py": SOURCE}), "has invalid characters", id="newline"),
    pytest.param(a_tar({"a\x1b[2Jb.py": SOURCE}), "has invalid characters", id="escape"),
    pytest.param(a_tar({"a/" * 40 + "b.py": SOURCE}), "too long", id="deep"),
    pytest.param(a_tar({f"{'a' * 250}/" * 20 + "b.py": SOURCE}), "too long", id="long"),
    pytest.param(a_tar(FILES, entry=link("x", "/etc/passwd")), "is a link", id="tar-link"),
    pytest.param(a_tar(FILES, entry=link("x", "cars.py", tarfile.LNKTYPE)), "is a link", id="tar-hard-link"),
    pytest.param(a_tar(FILES, entry=link("x", "", tarfile.CHRTYPE)), "is not a file, folder or link", id="tar-device"),
    pytest.param(a_zip(FILES, entry=zip_link("x")), "is a link", id="zip-link"),
    pytest.param(a_tar({**FILES, "cars.py/x": b""}), "two entries with the name", id="file-as-folder"),
    pytest.param(a_tar({**FILES, "./cars.py": b""}), "two entries with the name 'cars.py'", id="twice"),
    pytest.param(a_tar({f"{n}.py": b"" for n in range(21)}), "more than 20 files", id="many-files"),
    pytest.param(a_tar(FILES)[:-20], "truncated|ends too early", id="truncated-tar"),
    pytest.param(a_zip(FILES)[:-30], "zip archive is", id="truncated-zip"),
    pytest.param(a_tar({}), "has no files|is not a tar", id="empty-tar"),
    pytest.param(a_zip({}), "has no files", id="empty-zip"),
    pytest.param(a_tar({"a.txt": b""}), "0 Python files", id="no-python"),
    pytest.param(a_tar({"a.py": SOURCE, "b.py": SOURCE}), "2 Python files", id="two-python"),
    pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0", "it begins with", id="picture"),
    pytest.param(b"  \n", "it begins with", id="blank"),
    pytest.param(b"hello", "is not a .py file", id="text"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), UNSAFE)
def test_unsafe_or_unusable_upload_is_refused_and_leaves_nothing(tmp_path, reception, storage, content, said):
    with pytest.raises(BadRequest, match=said):
        receive(reception, storage, content)

    assert [*storage.files()] == []
    assert [*(tmp_path / "received").glob("*")] == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(a_tar({"a.py": bytes(LIMIT_BYTES + 1)}), id="tar"),
        pytest.param(a_zip({"a.py": bytes(LIMIT_BYTES + 1)}), id="zip"),
        pytest.param(a_zip({"__pycache__/a.pyc": bytes(LIMIT_BYTES + 1)}), id="excluded"),
        pytest.param(a_tar({f"{n}.py": bytes(LIMIT_BYTES // 10) for n in range(11)}), id="many"),
    ],
)
def test_bomb_is_refused(reception, storage, content):
    assert len(content) < LIMIT_BYTES // 50

    with pytest.raises(TooLarge, match="more than 1000000 bytes together"):
        receive(reception, storage, content)

    assert [*storage.files()] == []


def test_header_that_expands_is_not_read_into_memory(reception, storage):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1024**3
    bomb = gzip.compress(header.tobuf() + bytes(10_000_000))

    with pytest.raises(BadRequest, match="a header of 1073741824 bytes"):
        receive(reception, storage, bomb)


def test_zip_that_lies_about_a_size_is_refused(reception, storage):
    content = a_zip({"a.py": SOURCE * 1000})
    size, lie = (len(SOURCE) * 1000).to_bytes(4, "little"), (10).to_bytes(4, "little")

    with pytest.raises(BadRequest, match="is damaged"):
        receive(reception, storage, content.replace(size, lie))


def test_upload_over_the_limit_is_refused_while_it_arrives():
    inspector = BundleInspector(10)

    inspector.feed(b"x" * 10)
    with pytest.raises(TooLarge, match="limit of 10 bytes"):
        inspector.feed(b"x")


def test_second_bundle_of_an_owner_waits_for_the_first(reception, storage, monkeypatch):
    refused = []

    def unpack(*_):
        with pytest.raises(TooManyRequests) as error:
            reception.receive(OWNER, "a.py", storage.writer("bundles/second"), BundleFormat.PYTHON)
        refused.append(error.value.wait_seconds)
        raise BadRequest("enough")

    monkeypatch.setattr(reception, "_unpack", unpack)
    with pytest.raises(BadRequest, match="enough"):
        receive(reception, storage, SOURCE, "a.py")

    assert refused == [1]
