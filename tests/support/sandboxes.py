"""Sandboxes: the strongest that this machine offers to tests, and programs that run as a normal user."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from voxel51.runners.sandbox import kernel
from voxel51.runners.sandbox.policy import SandboxPolicy, interpreter_paths, without_nested
from voxel51.runners.sandbox.probe import SandboxReport, examine


@cache
def sandbox_report() -> SandboxReport:
    """Return what this machine offers."""
    return examine()


def strongest_sandbox() -> SandboxPolicy:
    """Return the policy of the strongest sandbox."""
    return sandbox_report().policy


NORMAL_USER = 54321
"""An id that no account has."""


def as_normal_user(command: Sequence[str]) -> list[str]:
    """Return a command that runs ``command`` as a user without privileges, even if the tests run as root."""
    return [sys.executable, "-P", "-m", "support.sandboxes", *command] if os.geteuid() == 0 else [*command]


def _become_normal_user() -> None:
    """Become the user, who can read the interpreter even if it is installed in the private folder of root."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    paths = without_nested(path for path in interpreter_paths("voxel51.analytics") if _private_parent(path))
    opened = {path: os.open(path, os.O_PATH) for path in paths}
    for private in {_private_parent(path) for path in paths}:
        kernel.mount("readable", str(private), "tmpfs", 0, "mode=0755")
    for path, descriptor in opened.items():
        path.mkdir(parents=True, exist_ok=True)
        kernel.bind(f"/proc/self/fd/{descriptor}", str(path))
        os.close(descriptor)
    os.setgroups([])
    os.setresgid(NORMAL_USER, NORMAL_USER, NORMAL_USER)
    os.setresuid(NORMAL_USER, NORMAL_USER, NORMAL_USER)


def _private_parent(path: Path) -> Path | None:
    """Return the outermost folder above ``path`` that other users cannot enter."""
    with suppress(OSError):
        return next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)
    return None


if __name__ == "__main__":
    _become_normal_user()
    os.execvp(sys.argv[1], sys.argv[1:])
