"""Environment store: the environments of bundles on one machine. It resolves, builds, keeps and removes them.

Nothing of a bundle or of a package runs outside of the sandbox, and a build reaches the package index and no other
server. All methods may be called from any thread.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxel51.runners.environments import installer, resolver
from voxel51.runners.environments.errors import BuildError, BuildUnavailable
from voxel51.runners.environments.folder_cache import FolderCache, Lease
from voxel51.runners.environments.projects import read_project
from voxel51.runners.environments.sandboxed_command import (
    Command,
    CommandFolder,
    CommandFolders,
    LimitExceeded,
    Log,
)
from voxel51.runners.environments.sdk import Sdk, make_sdk
from voxel51.runners.environments.uv import IndexSettings, Uv, find_uv
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.tasks import JobLimits

logger = logging.getLogger(__name__)

BUILDS_AT_ONCE = 2
"""Builds that run at the same time; more wait."""

_MAXIMUM_DESCRIPTION_BYTES = 8 << 20
_MAXIMUM_ERROR_LENGTH = 4000
_DESCRIPTION = "description.json"

BUILD_LIMITS = JobLimits(
    wall_seconds=900,
    cpu_seconds=900,
    memory_bytes=4 << 30,
    file_bytes=8 << 30,
    open_files=4096,
    processes=256,
    scratch_bytes=16 << 30,
    scratch_files=400_000,
    written_bytes=64 << 30,
)
"""Default limits of one step of a build."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Settings of a store.

    Attributes:
        index: the package index.
        quota_bytes: size of all environments that are kept.
        limits: limits of each step of a build: resolution, installation, description.
        import_seconds: time that the import of a bundle may take while it is described.
    """

    index: IndexSettings = field(default_factory=IndexSettings)
    quota_bytes: int = 20 << 30
    limits: JobLimits = field(default_factory=BUILD_LIMITS.copy)
    import_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ResolvedProject:
    """Source whose requirements are pinned.

    Attributes:
        lock: pinned packages with hashes, as pip and uv read them; empty if it needs only the SDK.
        module: path of the Python file or folder with the analytic, below the root of the source.
    """

    lock: str
    module: str


class Environment:
    """Packages of one lock on this machine. It is not removed before `release`, or the end of a ``with`` block.

    Attributes:
        packages: folder that is searched for modules, after those of the SDK's interpreter.
    """

    def __init__(self, lease: Lease) -> None:
        self.packages = lease.folder
        self._lease = lease

    def release(self) -> None:
        """End the use of the environment. Further calls have no effect."""
        self._lease.release()

    def __enter__(self) -> "Environment":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class AnalyticDescription:
    """Description of the analytic of a bundle, from an import in the sandbox.

    Attributes:
        document: its manifest.
        digest: SHA-256 of the manifest, independent of the layout of its text.
        weights: parameter -> value -> the weights of which a job takes the first that is present.
    """

    document: AnalyticDocument
    digest: str
    weights: dict[str, Any]


class EnvironmentStore:
    """Environments of bundles of one machine.

    Args:
        folder: folder that this store owns: ``<data>/environments``.
        policy: sandbox of builds.
        settings: index, quota and limits.
    """

    def __init__(self, folder: Path, policy: SandboxPolicy, settings: StoreSettings | None = None) -> None:
        self._folder = folder.absolute()
        self._settings = settings or StoreSettings()
        self._policy = policy
        self._cache = FolderCache(self._folder / "built", self._settings.quota_bytes)
        self._builds = threading.BoundedSemaphore(BUILDS_AT_ONCE)
        self._opening = threading.Lock()
        self._sdk: Sdk | None = None
        self._folders: CommandFolders | None = None

    def open(self) -> None:
        """Make the SDK environment, and remove what interrupted builds left. Further calls have no effect.

        Raises:
            OSError: the folder cannot be written.
        """
        with self._opening:
            if self._sdk is None:
                self._open()

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sdk = make_sdk(self._folder / "sdk")
        self._folders = CommandFolders(self._folder / "building", sdk.interpreter, self._policy.showing(*sdk.readable))
        self._folders.open()
        self._cache.open()
        self._sdk = sdk

    @property
    def sdk(self) -> Sdk:
        """The SDK environment, with the interpreter of all bundles."""
        if self._sdk is None:
            raise BuildUnavailable("the store of environments is not open")
        return self._sdk

    def resolve(self, project: Path, log: Log) -> ResolvedProject:
        """Pin what the source of a bundle requires. Nothing of the source is executed.

        Args:
            project: a Python file with inline metadata (PEP 723), or a folder with ``pyproject.toml`` or
                ``requirements.txt``.
            log: receives the lines that the resolution prints.

        Raises:
            BuildError: the source or its requirements are invalid; the error has the file and line, if known.
            BuildUnavailable: the package index or this machine cannot do it now.
        """
        found = read_project(project)
        with self._command_folder() as folder:
            lock = resolver.resolve(found, folder, self._uv, self.sdk, log)
        return ResolvedProject(lock, found.module)

    def prepare(self, lock: str, log: Log) -> Environment:
        """Return the environment of a lock. It is built once; callers with the same lock wait for that build.

        Raises:
            BuildError: a package cannot be installed, or exceeds a limit.
            BuildUnavailable: the package index or this machine cannot do it now.
        """
        key = self._key(lock)
        with self._cache.alone(key):
            lease = self._cache.lease(key)
            return Environment(self._built(key, lock, log) if lease is None else lease)

    def prepared(self, lock: str) -> Environment | None:
        """Return the environment of a lock if it is there already."""
        lease = self._cache.lease(self._key(lock))
        return None if lease is None else Environment(lease)

    def describe(self, environment: Environment, source: Path, log: Log = lambda _line: None) -> AnalyticDescription:
        """Import the analytic of a source in the sandbox, without network, and return its description.

        Args:
            environment: packages that the source requires.
            source: the Python file or folder with the analytic: the root of the source with the `ResolvedProject`'s
                ``module``.
            log: receives what the import prints.

        Raises:
            BuildError: the source cannot be imported, or has no valid analytic; the error has the file and line, if
                known.
            BuildUnavailable: this machine cannot do it now.
        """
        root = source if source.is_dir() else source.parent
        limits: JobLimits = {**self._settings.limits, "wall_seconds": self._settings.import_seconds}
        arguments = ["-m", "voxel51.platform.source_description", str(source), _DESCRIPTION, str(environment.packages)]
        command = Command([str(self.sdk.interpreter), "-P", *arguments], limits, readable=[root, environment.packages])
        with self._command_folder() as folder:
            try:
                code = folder.run(command, log)
                described = json.loads(folder.read(_DESCRIPTION, _MAXIMUM_DESCRIPTION_BYTES))
            except LimitExceeded as error:
                raise BuildError(f"the analytic could not be imported: {error}") from None
            except (OSError, ValueError, RecursionError):
                raise BuildError(f"importing the analytic ended the process with code {code}") from None
        return _described(described)

    def _built(self, key: str, lock: str, log: Log) -> Lease:
        with self._command_folder() as folder:
            if lock.strip():
                packages = installer.install(lock, folder, self._uv, log)
            else:
                packages = folder.work / installer.PACKAGES
                packages.mkdir()
                installer.secure(packages)
            return self._cache.add(key, packages)

    @contextmanager
    def _command_folder(self) -> Iterator[CommandFolder]:
        if self._folders is None:
            raise BuildUnavailable("the store of environments is not open")
        try:
            with self._builds, self._folders.new() as folder:
                yield folder
        except OSError as error:  # no space, no processes
            logger.exception("a build failed")
            raise BuildUnavailable(f"the platform could not build: {error.strerror or error}") from error

    @property
    def _uv(self) -> Uv:
        program = find_uv()
        if program is None:
            raise BuildUnavailable("the program uv is not installed: pip install 'voxel51-platform[bundles]'")
        sdk = self.sdk
        return Uv(program, sdk.interpreter, self._settings.index, self._settings.limits, [sdk.wheels])

    def _key(self, lock: str) -> str:
        return hashlib.sha256(f"{self.sdk.digest}\n{lock}".encode()).hexdigest()


def _described(found: object) -> AnalyticDescription:
    """Return a description that a process wrote in which code of the bundle ran, which may have written anything."""
    if not isinstance(found, dict) or not ("error" in found or isinstance(found.get("document"), dict)):
        raise BuildError("importing the analytic gave no description of it")
    if "error" in found:
        file, field = _optional_text(found.get("file")), _optional_text(found.get("field"))
        raise BuildError(_text(found["error"]), file, _line(found.get("line")), field)
    return AnalyticDescription(found["document"], _text(found.get("digest")), found.get("weights") or {})


def _text(value: object) -> str:
    text = str(value)[:_MAXIMUM_ERROR_LENGTH]
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _optional_text(value: object) -> str | None:
    return _text(value) if isinstance(value, str) else None


def _line(value: object) -> int | None:
    is_line = isinstance(value, int) and 0 < value < 1 << 31
    return int(value) if is_line else None  # type: ignore[call-overload]  # checked above
