"""Reception of bundles: from an uploaded file to the checked archive that is kept."""

import io
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.projects import read_project
from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.bundles.heading import Heading, read_heading
from voxel51.server.analytics.bundles.inspector import EXPECTED, BundleFormat
from voxel51.server.analytics.bundles.project_folder import BundleLimits, ProjectFolder
from voxel51.server.analytics.bundles.seekable_file import SeekableFile
from voxel51.server.analytics.bundles.tar_files import add_tar_files
from voxel51.server.analytics.bundles.zip_files import add_zip_files
from voxel51.server.errors import BadRequest, TooManyRequests
from voxel51.server.storage.storage import CHUNK_BYTES, Storage, Writer

FOLDER = "bundles"
"""Folder of the storage."""

_UNPACKED_AT_ONCE = 2
_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ReceivedBundle:
    """Archive of a checked project. Unless it is committed, it must be aborted."""

    archive: Writer
    content_sha256: str
    heading: Heading


class BundleReception:
    """Unpacks uploads in ``folder``, which it owns and empties, and packs them again as `ProjectFolder.archive` does.

    This takes time and space, so few uploads are unpacked at once, and one of each owner.
    """

    def __init__(self, storage: Storage, folder: Path, limits: BundleLimits) -> None:
        self.limits = limits
        self._storage = storage
        self._folder = folder
        self._owners: set[str] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_UNPACKED_AT_ONCE)
        shutil.rmtree(folder, ignore_errors=True)

    def receive(self, owner: Caller, filename: str, upload: Writer, form: BundleFormat) -> ReceivedBundle:
        """Return the bundle of an upload, which is not kept.

        Raises:
            BadRequest: the upload is not a bundle, or unsafe; the text names the file and the line.
            TooLarge: its files exceed the limit together.
            TooManyRequests: another bundle of this owner is being received, or many of others.
        """
        with self._reserved(owner), self._empty_folder() as root:
            upload.commit()
            try:
                project = ProjectFolder(root, self.limits)
                self._unpack(project, filename, upload.key, form)
            finally:
                self._storage.delete(upload.key)
            heading = _heading_of(project)
            archive = self._storage.writer(f"{FOLDER}/{uuid.uuid4()}")
            try:
                project.archive(archive)
                archive.sync()
            except BaseException:
                archive.abort()
                raise
            return ReceivedBundle(archive, project.digest(), heading)

    def _unpack(self, project: ProjectFolder, filename: str, key: str, form: BundleFormat) -> None:
        if form is BundleFormat.ZIP:
            add_zip_files(project, cast("BinaryIO", io.BufferedReader(SeekableFile(self._storage, key), CHUNK_BYTES)))
        elif form is BundleFormat.TAR:
            with closing(self._storage.read(key)) as pieces:
                add_tar_files(project, pieces)
        else:
            self._add_python_file(project, filename, key)
        if form is not BundleFormat.PYTHON:
            project.strip_common_folder()
        if not project.names:
            raise BadRequest(f"The bundle has no files. {EXPECTED}")

    def _add_python_file(self, project: ProjectFolder, filename: str, key: str) -> None:
        name = PurePosixPath(filename.replace("\\", "/")).name
        if not name.endswith(".py"):
            raise BadRequest(f"The bundle cannot be used: {filename[:100]!a} is not a .py file. {EXPECTED}")
        with project.new_file(name) as append, closing(self._storage.read(key)) as pieces:
            for piece in pieces:
                append(piece)

    @contextmanager
    def _reserved(self, owner: Caller) -> Iterator[None]:
        with self._lock:
            if owner.identity in self._owners:
                raise TooManyRequests("Another bundle of yours is being received; try again in a second", 1)
            self._owners.add(owner.identity)
        try:
            if not self._slots.acquire(timeout=_WAIT_SECONDS):
                raise TooManyRequests("Many bundles are being received; try again in some seconds", 5)
            try:
                yield
            finally:
                self._slots.release()
        finally:
            with self._lock:
                self._owners.discard(owner.identity)

    @contextmanager
    def _empty_folder(self) -> Iterator[Path]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield Path(folder)


def _heading_of(project: ProjectFolder) -> Heading:
    try:
        return read_heading(project.root, read_project(project.root).module)
    except BuildError as error:
        raise BadRequest(str(error)) from None
