"""Frame processes: run a frame job beside each image-to-video container, in the sandbox of jobs.

The frame job (`voxel51.wire.frames`) decodes the video and reports to the platform; the container sees frames only. The
two never share a folder to which both can write. The container's labels are copied, since it can put links there.
"""

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from voxel51.runners.containers.frames import MountedFolders
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.folders import AttemptFolder
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.wire.frames import (
    CONTAINER_END,
    CONTAINER_LABELS,
    CONTAINER_LOG,
    FRAMES_READY,
    MOST_FRAME_BYTES,
    MOST_FRAMES,
    ContainerEnd,
)
from voxel51.wire.tasks import JobLimits

INPUTS_FOLDER = "/shared/user/inputs"
OUTPUTS_FOLDER = "/shared/user/outputs"

FURTHER_FILES = 1000
"""Files that a frame job may have besides the frames."""

FURTHER_SECONDS = 300.0
"""Time that a frame job may take besides the extraction and the container, each of which has the limit of the job."""

MOST_LABEL_BYTES = 4 << 30
_PIECE_BYTES = 1 << 20
_POLL_SECONDS = 0.02


class FrameProcesses:
    """`voxel51.runners.containers.frames.FrameJobs` whose jobs are processes of this machine.

    Args:
        folder: folder that this object owns.
        processes: runner of the frame jobs, whose folder is ``folder``; used by this object alone.
        entry_point: path of the file with the frame job.
    """

    def __init__(self, folder: Path, processes: ProcessRunner, entry_point: Path) -> None:
        self._folder = folder.resolve()
        self._processes = processes
        self._program = PackageProgram(str(entry_point))
        self._opening = threading.Lock()
        self._is_open = False
        self._changed = threading.Condition()
        self._running: dict[str, AttemptOutcome | None] = {}

    def prepare(self, launch: LaunchSpec, folder: Path) -> MountedFolders | AttemptOutcome:
        """Start the frame job, and return once it has extracted the frames; see `FrameJobs.prepare`."""
        self._open()
        outputs = _outputs(folder)
        outputs.mkdir()
        outputs.chmod(0o777)  # the container has another user; the folder around it is this server's alone
        with self._changed:
            self._running[launch.attempt_id] = None
        try:
            self._processes.start(self._launch(launch))
        except OSError:
            self._forget(launch)
            raise
        ended = self._await_frames(launch)
        if ended is not None:
            self._forget(launch)
            return ended
        # The frame job may write to its working directory, which is therefore mounted as a whole: a link in it leads
        # to a file of the container, and not to one of this machine.
        return MountedFolders({INPUTS_FOLDER: self._work(launch)}, {OUTPUTS_FOLDER: outputs})

    def conclude(self, launch: LaunchSpec, folder: Path, outcome: AttemptOutcome) -> AttemptOutcome:
        """Let the frame job judge the labels, and return how it ended; see `FrameJobs.conclude`.

        A container that ended by itself is judged by its labels, whatever its exit code was. One that was ended for a
        limit, stopped or lost decides the attempt by itself.
        """
        if outcome.exit_reason not in {ExitReason.EXITED, ExitReason.CRASHED}:
            self.discard(launch)
            return outcome
        try:
            self._hand_over(launch, folder, outcome)
        except OSError:  # for example no space, which is not the fault of the job
            self.discard(launch)
            raise
        ended = self._await_end(launch)
        self._forget(launch)
        return ended if ended.exit_reason is ExitReason.EXITED else replace(ended, log=ended.log + outcome.log)

    def stop(self, attempt_id: str) -> None:
        """End the frame job of an attempt. Ignore unknown ids."""
        if self._is_open:
            self._processes.stop(attempt_id)

    def discard(self, launch: LaunchSpec) -> None:
        """End the frame job of an attempt whose container could not be run; see `FrameJobs.discard`."""
        with self._changed:
            is_running = launch.attempt_id in self._running
        if is_running:
            self._processes.stop(launch.attempt_id)
            self._await_end(launch)
            self._forget(launch)

    def close(self) -> None:
        """End every frame job."""
        with self._opening:
            if self._is_open:
                self._processes.close()

    def _open(self) -> None:
        """Start the processes on first use: most platforms run no such images."""
        with self._opening:
            if not self._is_open:
                self._processes.open(self._on_ended)
                self._is_open = True

    def _launch(self, launch: LaunchSpec) -> LaunchSpec:
        limits: JobLimits = {**launch.limits, "wall_seconds": 2 * launch.limits["wall_seconds"] + FURTHER_SECONDS}
        most_bytes, most_files = limits.get("scratch_bytes"), limits.get("scratch_files")
        environment = dict(launch.environment)
        if most_bytes is not None:
            environment[MOST_FRAME_BYTES] = str(most_bytes)
        if most_files is not None:
            environment[MOST_FRAMES] = str(max(1, most_files - FURTHER_FILES))
        return replace(launch, program=self._program, environment=environment, limits=limits)

    def _await_frames(self, launch: LaunchSpec) -> AttemptOutcome | None:
        """Wait until the frames are there, and return None; or the outcome of the frame job, if that ended first."""
        ready = self._work(launch) / FRAMES_READY
        while not os.path.lexists(ready):
            with self._changed:
                self._changed.wait_for(lambda: self._running[launch.attempt_id] is not None, _POLL_SECONDS)
                ended = self._running[launch.attempt_id]
            if ended is not None:
                return ended
        return None

    def _await_end(self, launch: LaunchSpec) -> AttemptOutcome:
        with self._changed:
            self._changed.wait_for(lambda: self._running[launch.attempt_id] is not None)
            ended = self._running[launch.attempt_id]
        assert ended is not None  # noqa: S101  (it was waited for)
        return ended

    def _on_ended(self, outcome: AttemptOutcome) -> None:
        with self._changed:
            if outcome.attempt_id in self._running:
                self._running[outcome.attempt_id] = outcome
                self._changed.notify_all()

    def _forget(self, launch: LaunchSpec) -> None:
        with self._changed:
            self._running.pop(launch.attempt_id, None)

    def _work(self, launch: LaunchSpec) -> Path:
        return AttemptFolder(self._folder / launch.attempt_id).work

    def _hand_over(self, launch: LaunchSpec, folder: Path, outcome: AttemptOutcome) -> None:
        """Give labels, log and end of the container to the frame job, unless that has ended meanwhile."""
        work = self._work(launch)
        end: ContainerEnd = {"detail": outcome.detail}
        try:
            try:
                _copy_regular_file(_outputs(folder) / CONTAINER_LABELS, work / CONTAINER_LABELS)
            except _NotTaken as error:
                end["labels_problem"] = str(error)
            _write_new(work / CONTAINER_LOG, outcome.log)
            _write_new(work / CONTAINER_END, json.dumps(end).encode())
        except FileNotFoundError:  # the working directory goes with the frame job, whose outcome says why
            return


class _NotTaken(Exception):
    """Labels that cannot be taken; the text says why."""


def _outputs(folder: Path) -> Path:
    return folder / "outputs"


def _copy_regular_file(source: Path, target: Path) -> None:
    """Copy a file that a container wrote.

    Raises:
        _NotTaken: it does not exist, or is a link or a device, or too large.
    """
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise _NotTaken("it wrote no labels.json") from None
    except OSError as error:
        raise _NotTaken(f"its labels.json cannot be read ({error.strerror})") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _NotTaken("its labels.json is not a file")
        if found.st_size > MOST_LABEL_BYTES:
            raise _NotTaken(f"its labels.json has {found.st_size} bytes; the limit is {MOST_LABEL_BYTES}")
        with _new_file(target) as copy:
            while piece := os.read(descriptor, _PIECE_BYTES):
                copy.write(piece)
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file completely before it has its name, since the frame job waits for that."""
    partial = path.with_name(f".{path.name}")
    with _new_file(partial) as file:
        file.write(content)
    partial.rename(path)


def _new_file(path: Path) -> BinaryIO:
    """Create a file that every user can read. A file or link that the frame job made before is an error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o644)
    return os.fdopen(descriptor, "wb")
