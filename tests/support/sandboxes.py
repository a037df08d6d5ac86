"""Sandboxes: the strongest that this machine offers to tests, and programs that run as a normal user."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from voxel51.runners.sandbox import kernel, privileges
from voxel51.runners.sandbox.policy import SandboxPolicy, interpreter_paths, without_nested
from voxel51.runners.sandbox.probe import SandboxReport, examine


@cache
def sandbox_report() -> SandboxReport:
    """Return what this machine offers."""
    return examine()


def strongest_sandbox() -> SandboxPolicy:
    """Return the policy of the strongest sandbox."""
    return sandbox_report().policy


TESTS = Path(__file__).parents[1]

NORMAL_USER = 54321
"""An id that no account has."""

Role = Literal["root", "root without CAP_CHOWN", "root without capabilities", "normal user"]
"""User that runs a program: that of the tests, root as in a hardened container, or one without privileges."""


def run_as(role: Role, module: str, *arguments: str) -> str:
    """Run the program ``module`` of the tests with ``arguments``, and return what it printed.

    Its last argument is a private folder of its own. That lies not in the folder of pytest, to which every start of
    pytest denies other users access.

    Args:
        role: who runs it; the roles of root need tests that root runs.
        module: its name.
        arguments: its first arguments.
    """
    with tempfile.TemporaryDirectory(prefix="run-as-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-P", "-m", module, *arguments, folder]
        if role != "root" and os.geteuid() == 0:
            command = [sys.executable, "-P", "-m", "support.sandboxes", role, *command]
        if role == "normal user" and os.geteuid() == 0:
            os.chown(folder, NORMAL_USER, NORMAL_USER)
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "VOXEL51_SECRET": "the secret of the server"}
        # A sandbox shows no working folder, and the tests must stay visible in a clone that only its owner can enter.
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


_PR_CAPBSET_DROP, _CAP_CHOWN = 24, 0


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
    match sys.argv[1]:
        case "normal user":
            _become_normal_user()
        case "root without capabilities":
            privileges.give_up(None)
        case "root without CAP_CHOWN":
            kernel.checked(kernel.libc.prctl(_PR_CAPBSET_DROP, _CAP_CHOWN, 0, 0, 0), "prctl")  # in force after execve
    os.execvp(sys.argv[2], sys.argv[2:])
