"""Installer: install a lock into a folder of packages, and make what was installed safe to share.

The files were written in a sandbox, perhaps by code of strangers. Before jobs read them, everything that is not a plain
file or folder is refused, and all of it is given to this user and made readable.
"""

import os
import stat
from pathlib import Path

from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.sandboxed_command import CommandFolder, LimitExceeded, Log
from voxel51.runners.environments.uv import Uv

PACKAGES = "packages"
_LOCK = "requirements.lock"
_OPTIONS = ("--target", PACKAGES, "--require-hashes", "--no-deps", "--compile-bytecode", "--quiet")


def install(lock: str, folder: CommandFolder, uv: Uv, log: Log) -> Path:
    """Install the packages of ``lock``, and return the folder that has them.

    Raises:
        BuildError: a package is not on the index any more, or is another than was locked; or a limit was exceeded.
        BuildUnavailable: the package index does not serve the packages, or uv could not run.
    """
    folder.write(_LOCK, lock)
    try:
        run = uv.run(folder, ["install", "--requirements", _LOCK, *_OPTIONS], log)
    except LimitExceeded as error:
        raise BuildError(f"the packages could not be installed: {error}") from None
    problem = uv.index_problem(run)
    if problem is not None:
        raise problem
    if run.code != 0:
        raise BuildError(f"the packages could not be installed: {run.error}")
    packages = folder.work / PACKAGES
    secure(packages)
    return packages


def secure(folder: Path) -> None:
    """Give a folder with everything in it to this user, and make it readable for others, who cannot change it.

    No process that may write to the folder runs any more.

    Raises:
        BuildError: it has a link that leads out of it, or something that is neither file nor folder.
    """
    root = folder.resolve()
    if folder.is_symlink() or not folder.is_dir():
        raise BuildError("the packages could not be installed: nothing was installed")
    for path, folders, files in os.walk(root):
        for name in [".", *folders, *files]:
            _secure(Path(path, name), root)


def _secure(path: Path, root: Path) -> None:
    found = path.lstat()
    os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        if not path.resolve().is_relative_to(root):
            raise BuildError(f"the package file {path.relative_to(root)} is a link that leads out of the environment")
    elif stat.S_ISDIR(found.st_mode):
        path.chmod(0o755)
    elif stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        path.chmod(0o755 if found.st_mode & 0o100 else 0o644)
    else:
        raise BuildError(f"the package file {path.relative_to(root)} is neither a file nor a folder of its own")
