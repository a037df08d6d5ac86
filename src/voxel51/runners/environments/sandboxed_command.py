"""Sandboxed command: run one program in the sandbox of jobs, with limits, in a folder of its own.

The server has threads, and a sandbox is entered by a forked process that has one, so the command is started through
``python -m voxel51.runners.environments.sandboxed_command REQUEST POLICY PROGRAM…``, which starts it. The
Python is that of the SDK environment, so a command sees no other packages of the platform.
"""

import itertools
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from voxel51.runners import orphan_processes
from voxel51.runners.environments.errors import BuildUnavailable
from voxel51.runners.process_control import end_by, end_with_parent
from voxel51.runners.processes.environment import interpreter_environment
from voxel51.runners.processes.folders import AttemptFolder
from voxel51.runners.sandbox.launches import run_alone
from voxel51.runners.sandbox.policy import SandboxPolicy, interpreter_paths
from voxel51.runners.sandbox.privileges import JOB_USERS, user_of
from voxel51.runners.sandbox.request import LaunchRequest
from voxel51.wire.analytics import ENTRY_POINT_GROUP
from voxel51.wire.tasks import JobLimits, TaskExit

Log = Callable[[str], None]
"""Receives the lines that a build prints."""

LOG_BYTES = 1 << 20
"""Output of one command that is passed on; the rest is dropped."""

_POLL_SECONDS = 0.05
_MODULE = "voxel51.runners.environments.sandboxed_command"

_LIMITS_EXCEEDED = {
    TaskExit.OUT_OF_MEMORY: "more memory than its limit of {memory_bytes} bytes",
    TaskExit.TOO_MANY_PROCESSES: "more processes than its limit of {processes}",
    TaskExit.SCRATCH_FULL: "more disk space than its limit of {scratch_bytes} bytes and {scratch_files} files",
    TaskExit.WROTE_TOO_MUCH: "more writes to disk than its limit of {written_bytes} bytes",
}


class LimitExceeded(Exception):
    """Command that was ended because it exceeded a limit; the text says which."""


@dataclass(frozen=True, slots=True)
class Command:
    """Command to run.

    Attributes:
        arguments: program and arguments.
        limits: limits of all its processes together.
        environment: variables besides those that an interpreter needs.
        address: URL of the only server that it reaches; None: none.
        readable: files and folders that it can read, besides the interpreter with its libraries.
    """

    arguments: Sequence[str]
    limits: JobLimits
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    readable: Sequence[Path] = ()


class CommandFolder:
    """Folder in which commands run, one after the other, as one user.

    Attributes:
        work: working directory of the commands. What is in it was written by them: read it by `read`.
    """

    def __init__(self, folder: AttemptFolder, interpreter: Path, user: int | None, policy: SandboxPolicy) -> None:
        self.work = folder.work
        self._folder = folder
        self._interpreter = interpreter
        self._user = user
        self._policy = policy

    def write(self, name: str, text: str) -> Path:
        """Write a file for the commands to read, before the first of them runs, and return its path."""
        path = self.work / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def read(self, name: str, maximum_bytes: int) -> str:
        """Return a text that a command wrote.

        Raises:
            OSError: it wrote no file of this name, or a link, or a larger one.
        """
        descriptor = os.open(self.work / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > maximum_bytes:
                raise OSError(f"{name}: not a file, or larger than {maximum_bytes} bytes")
            return file.read(maximum_bytes).decode("utf-8", "replace")

    def run(self, command: Command, log: Log) -> int:
        """Run a command, pass its output on line by line, and return its exit code.

        Raises:
            LimitExceeded: it was ended for a limit.
            BuildUnavailable: it could not be started, or was ended from outside.
        """
        output = _Output(self._folder.log, log)
        self._folder.write_request(json.dumps(self._request(command)))
        process = self._start(command)
        deadline = time.monotonic() + command.limits["wall_seconds"]
        try:
            while (code := _exit_code(process)) is None and time.monotonic() < deadline:
                output.pass_on()
        finally:
            process.kill()
            process.wait()
            orphan_processes.kill_started_in(self.work)
            output.pass_on()
        return _checked(code, command.limits)

    def _start(self, command: Command) -> "subprocess.Popen[bytes]":
        own = [str(self._interpreter), "-P", "-m", _MODULE, str(self._folder.request), self._policy.to_json()]
        environment = interpreter_environment(self._folder.path, 1)
        with self._folder.log.open("ab") as errors:
            return subprocess.Popen(  # noqa: S603  (this module)
                [*own, *command.arguments],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                cwd=self._folder.path,
            )

    def _request(self, command: Command) -> LaunchRequest:
        return {
            "entry_point": "",
            "folder": str(self.work),
            "log": str(self._folder.log),
            "environment": {**interpreter_environment(self.work, 1), **command.environment},
            "limits": command.limits,
            "user": self._user,
            "address": command.address,
            "module_folders": [],
            "devices": [],
            "readable": [str(path.resolve()) for path in command.readable],
            "network": None,
        }


class CommandFolders:
    """Makes the folders of commands below one folder, which it owns and empties.

    Args:
        folder: the folder.
        interpreter: program of the SDK environment's interpreter.
        policy: sandbox of the commands.
    """

    def __init__(self, folder: Path, interpreter: Path, policy: SandboxPolicy) -> None:
        self._folder = folder.resolve()
        self._interpreter = interpreter
        self._policy = policy
        self._numbers = itertools.count(1)

    def open(self) -> None:
        """Create the folder, or end and remove everything that an earlier server left in it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        orphan_processes.kill_started_in(self._folder)
        for path in self._folder.iterdir():
            AttemptFolder(path).remove()

    @contextmanager
    def new(self) -> Iterator[CommandFolder]:
        """Make a folder, and remove it with everything in it at the end of the block.

        Raises:
            OSError: the folder cannot be made.
        """
        number = next(self._numbers)
        # Far from the users of jobs, which are counted from the id of this process.
        user = user_of(os.getpid() + JOB_USERS // 2 + number) if self._policy.own_user else None
        folder = AttemptFolder(self._folder / f"{os.getpid()}-{number}")
        try:
            folder.create(user)
            yield CommandFolder(folder, self._interpreter, user, self._policy)
        finally:
            folder.remove()


class _Output:
    """Output of a command, read from its log while it grows."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log
        self._position = path.stat().st_size if path.exists() else 0
        self._left = LOG_BYTES
        self._partial = b""

    def pass_on(self) -> None:
        """Pass on the lines that were printed since the last call."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._position)
            printed = file.read(self._left)
            self._position += len(printed)
            self._left -= len(printed)
            *lines, self._partial = (self._partial + printed).split(b"\n")
            for line in lines:
                self._log(line.decode("utf-8", "replace"))
            if printed and not self._left:
                self._log("(the rest of the output was dropped)")


def _exit_code(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _checked(code: int | None, limits: JobLimits) -> int:
    if code is None:
        raise LimitExceeded(f"it took longer than its limit of {limits['wall_seconds']:g} s")
    if code in _LIMITS_EXCEEDED:
        raise LimitExceeded(f"it needed {_LIMITS_EXCEEDED[TaskExit(code)].format_map(limits)}")
    if code == TaskExit.NOT_STARTED:
        raise BuildUnavailable("the command could not be started in its sandbox; its output says why")
    if code < 0:
        raise BuildUnavailable(f"the command was ended from outside, by signal {-code}")
    return code


def main(request: Path, policy: SandboxPolicy, arguments: Sequence[str]) -> None:
    """Run the command ``arguments``, and end as it ended. The command ends with the parent of this process."""
    end_with_parent(os.getppid())
    readable = (*policy.readable, *map(str, interpreter_paths(ENTRY_POINT_GROUP)))
    status = run_alone(replace(policy, readable=readable), request, lambda _request: _execute(arguments))
    if os.WIFSIGNALED(status):
        end_by(os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


def _execute(arguments: Sequence[str]) -> int:
    os.execvpe(arguments[0], list(arguments), os.environ)  # noqa: S606  (confined by now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), SandboxPolicy.from_json(sys.argv[2]), sys.argv[3:])
