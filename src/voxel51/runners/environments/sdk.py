"""SDK environment: the platform's own SDK with its dependencies, at exactly the version that runs, for all bundles.

It is a virtual environment of this interpreter whose packages are links to those that are installed with the platform.
So a bundle sees the SDK and its own requirements, and neither the server's packages nor what else is installed, and
no package index is ever asked for the SDK. For the resolution, each package of the SDK is described by a wheel with
its metadata alone: a bundle whose requirements contradict the SDK's versions is refused when it is resolved.
"""

import hashlib
import os
import platform
import re
import shutil
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from voxel51.runners.environments.projects import normalised

DISTRIBUTION = "voxel51-platform"
EXTRA = "sdk"

PRELOADED = (
    "numpy", "cv2", "av", "voxel51.platform.decorator", "voxel51.platform.tracking", "voxel51.platform.video",
    "voxel51.labels.image", "voxel51.labels.writer",
)  # fmt: skip
"""Modules of the SDK that most analytics import: the zygote of bundles has them in memory."""

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_WHEEL = "Wheel-Version: 1.0\nGenerator: voxel51-platform\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class Sdk:
    """SDK environment of this machine.

    Attributes:
        interpreter: program of its interpreter.
        wheels: folder with the wheel of each package, which has its metadata alone.
        readable: the environment, and the files and folders outside of it that its links lead to.
        versions: normalised name of each package -> its version.
        digest: identifies the versions, the interpreter and the type of the machine.
    """

    interpreter: Path
    wheels: Path
    readable: tuple[Path, ...]
    versions: dict[str, str]
    digest: str

    @property
    def constraints(self) -> str:
        """Constraints of the resolution: each package comes from its wheel here, never from an index."""
        found = sorted(self.wheels.glob("*.whl"))
        return "".join(f"{path.name.split('-')[0].replace('_', '-')} @ {path.as_uri()}\n" for path in found)


def make_sdk(folder: Path) -> Sdk:
    """Make the SDK environment below ``folder``, which is replaced, from the packages of this interpreter.

    Raises:
        OSError: the folder cannot be written.
        PackageNotFoundError: this installation has no metadata.
    """
    found = {normalised(each.name): each for each in _sdk_distributions()}
    versions = {name: found[name].version for name in sorted(found)}
    shutil.rmtree(folder, ignore_errors=True)
    environment, wheels = folder / "python", folder / "wheels"
    venv.EnvBuilder(symlinks=True, with_pip=False).create(environment)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment), "platbase": str(environment)}))
    links = {path.name: path for each in found.values() for path in _top_level(each)}
    for name, target in links.items():
        (packages / name).symlink_to(target)
    wheels.mkdir()
    for name, each in found.items():
        _write_wheel(wheels, name, each)
    _let_others_read(folder)
    return Sdk(environment / "bin" / "python", wheels, (folder, *links.values()), versions, _digest(versions))


def _digest(versions: dict[str, str]) -> str:
    parts = [*(f"{name}=={version}" for name, version in versions.items()), sys.version, platform.platform()]
    return hashlib.sha256("\n".join([*parts, sysconfig.get_platform()]).encode()).hexdigest()


def _sdk_distributions() -> Iterator[Distribution]:
    """Yield this distribution, and the installed ones that it requires for the SDK, directly or not."""
    seen: set[tuple[str, frozenset[str]]] = set()
    pending = [(DISTRIBUTION, frozenset({EXTRA}))]
    while pending:
        name, extras = pending.pop()
        if (normalised(name), extras) in seen:
            continue
        seen.add((normalised(name), extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name == DISTRIBUTION:
                raise
            continue  # required on other systems or versions of Python only
        yield found
        pending += _required(found, extras)


def _required(found: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the names that a distribution requires for ``extras``, each with the extras required of it.

    Of the markers, only those about extras are evaluated: what others exclude here is not installed.
    """
    for text in found.requires or []:
        requirement, _, marker = text.partition(";")
        wanted = set(_EXTRA.findall(marker))
        match = _NAME.match(requirement.strip())
        if match is not None and (not wanted or wanted & extras):
            inner = frozenset(part.strip() for part in (match.group(2) or "").split(",") if part.strip())
            yield match.group(1), inner


def _top_level(found: Distribution) -> Iterator[Path]:
    """Yield the files and folders of a distribution in its folder of packages, or of its source if that is linked."""
    own = find_spec("voxel51") if normalised(found.name) == DISTRIBUTION else None
    if own is not None:
        yield from map(Path, own.submodule_search_locations or [])
    names = {path.parts[0] for path in found.files or [] if path.parts[0] not in {"..", "__pycache__"}}
    for name in sorted(names):
        path = Path(str(found.locate_file(name)))
        if path.exists() and path.suffix != ".pth" and not (own is not None and name == "voxel51"):
            yield path


def _write_wheel(folder: Path, name: str, found: Distribution) -> None:
    base = f"{name.replace('-', '_')}-{found.version}"
    with zipfile.ZipFile(folder / f"{base}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{base}.dist-info/METADATA", found.read_text("METADATA") or "")
        wheel.writestr(f"{base}.dist-info/WHEEL", _WHEEL)
        wheel.writestr(f"{base}.dist-info/RECORD", "")


def _let_others_read(folder: Path) -> None:
    """Make the files readable for the users of jobs; links and the files that they lead to stay as they are."""
    for path, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            each = Path(path, name)
            if not each.is_symlink():
                each.chmod(0o755 if each.is_dir() else 0o644)
