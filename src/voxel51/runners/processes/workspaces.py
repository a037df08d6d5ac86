"""Attempt workspaces: folder, control groups, user id and launch request of each attempt, from its start to its end."""

import itertools
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners import orphan_processes
from voxel51.runners.control_groups import ControlGroups, job_was_killed
from voxel51.runners.gpu_devices import GpuAccess, gpu_device_files
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.environment import interpreter_environment
from voxel51.runners.processes.folders import AttemptFolder, remove
from voxel51.runners.programs import PackageProgram
from voxel51.runners.sandbox.privileges import user_of
from voxel51.runners.sandbox.request import LaunchRequest
from voxel51.wire.tasks import API_BASE_URL, WEIGHTS_FOLDER

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Workspace:
    """Workspace of one attempt.

    Attributes:
        folder: its folder, with the working directory and the log.
        user: user id of its processes; None: that of the server.
        groups: paths of its control groups, up to the process id that ends each.
        pid: its first process, by which its control groups are named; None before it has one.
    """

    folder: AttemptFolder
    user: int | None
    groups: tuple[str, ...] = ()
    pid: int | None = None

    def is_out_of_memory(self) -> bool | None:
        """Return whether the kernel has killed one of its processes for lack of memory; None if unknown."""
        return None if self.pid is None else job_was_killed(self.groups, self.pid)


class Workspaces:
    """Creates and removes the workspaces of one runner.

    Args:
        folder: folder of the runner, which owns and empties it.
        threads: number of threads of each numeric library in one attempt.
        module_folders: folders that are searched for modules before the interpreter's own.
        weights_folder: folder with model weights, which all jobs can read; None for none.
        own_users: give each attempt a user id of its own.
        gpus: which attempts can use the GPUs of the machine.
    """

    def __init__(
        self,
        folder: Path,
        threads: int,
        module_folders: Sequence[Path],
        weights_folder: Path | None,
        *,
        own_users: bool,
        gpus: GpuAccess = GpuAccess.NONE,
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._module_folders = module_folders
        self._shared = {} if weights_folder is None else {WEIGHTS_FOLDER: str(weights_folder.resolve())}
        self._own_users = own_users
        self._gpus = gpus
        self._user_numbers = itertools.count(os.getpid())
        self._groups = ControlGroups({}, 0, "the runner is not open")

    def open(self) -> None:
        """Create the runner's folder, or end and remove everything that an earlier runner left in it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        orphan_processes.kill_started_in(self._folder)
        for path in self._folder.iterdir():
            remove(path)
        self._groups = ControlGroups.find()
        self._groups.remove_all(self._folder)

    @property
    def limits_in_force(self) -> str:
        """Sentence that says what holds the limits of a job as a whole."""
        supervisor = "a supervisor ends each job that exceeds a limit"
        if self._groups.missing is not None:
            return f"{supervisor}; {self._groups.missing}"
        return f"{supervisor}; control groups (version {self._groups.version}): {', '.join(self._groups.parents)}"

    @property
    def group_prefixes(self) -> tuple[str, ...]:
        """Paths of the attempts' control groups, up to the process id that ends each."""
        return self._groups.prefixes(self._folder)

    def create(self, launch: LaunchSpec) -> Workspace:
        """Create the workspace of an attempt.

        Raises:
            OSError: no space, or no permission; nothing is left behind.
        """
        user = user_of(next(self._user_numbers)) if self._own_users else None
        workspace = Workspace(AttemptFolder(self._folder / launch.attempt_id), user, self.group_prefixes)
        self._fill(workspace, launch)
        return workspace

    def renew(self, workspace: Workspace, launch: LaunchSpec) -> None:
        """Create the workspace of an attempt that has not started once more; raises as `create`."""
        workspace.folder.remove()
        self._fill(workspace, launch)

    def remove(self, workspace: Workspace) -> None:
        """Remove the folder of an attempt whose processes are gone."""
        try:
            workspace.folder.remove()
        except OSError:  # the next start of the platform removes it
            logger.exception("the folder of attempt %s could not be removed", workspace.folder.path.name)

    def remove_groups(self, workspace: Workspace) -> None:
        """Remove the control groups of an attempt whose processes are gone. This may take a moment."""
        if workspace.pid is not None:
            self._groups.remove(self._folder, workspace.pid)

    def close(self) -> None:
        """Remove what is left of control groups: those of processes that waited for a job."""
        self._groups.remove_all(self._folder)

    def _fill(self, workspace: Workspace, launch: LaunchSpec) -> None:
        try:
            workspace.folder.create(workspace.user)
            workspace.folder.write_request(json.dumps(self._request(workspace, launch)))
        except OSError:
            self.remove(workspace)
            raise

    def _request(self, workspace: Workspace, launch: LaunchSpec) -> LaunchRequest:
        folder, program = workspace.folder, _program(launch)
        environment = interpreter_environment(folder.work, self._threads, self._module_folders)
        return {
            "entry_point": program.entry_point,
            "folder": str(folder.work),
            "log": str(folder.log),
            "environment": environment | self._shared | dict(launch.environment),
            "limits": launch.limits,
            "user": workspace.user,
            "address": launch.environment[API_BASE_URL],
            "module_folders": list(program.module_folders),
            "readable": list(program.module_folders),
            "network": None if launch.network is None else launch.network.to_document(),
            "devices": self._devices(launch),
        }

    def _devices(self, launch: LaunchSpec) -> list[str]:
        # Looked up each time: the driver makes some of its device files when it is first used.
        is_allowed = self._gpus is GpuAccess.ALL or (self._gpus is GpuAccess.NEEDED and launch.resources.gpus > 0)
        return list(map(str, gpu_device_files())) if is_allowed else []


def _program(launch: LaunchSpec) -> PackageProgram:
    if not isinstance(launch.program, PackageProgram):
        raise OSError(f"the process runner starts installed analytics, not {type(launch.program).__name__}")
    return launch.program
