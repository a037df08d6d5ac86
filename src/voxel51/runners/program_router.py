"""Program router: a runner that gives each attempt to the runner of its kind of program."""

from collections.abc import Callable, Mapping, Set

from voxel51.runners.interface import AttemptOutcome, ProcessIdentity, Runner
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.programs import Program


class ProgramRouter:
    """A `voxel51.runners.interface.Runner` over several others.

    Args:
        runners: the runner of each type of program. Programs of other types cannot be started.
    """

    def __init__(self, runners: Mapping[type[Program], Runner]) -> None:
        self._runners = dict(runners)

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Open all runners; see `voxel51.runners.interface.Runner.open`."""
        for runner in self._runners.values():
            runner.open(ended)

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.runners.interface.Runner.start`.

        Raises:
            OSError: as there, or this machine has no runner for the program.
        """
        runner = self._runners.get(type(launch.program))
        if runner is None:
            raise OSError(f"this machine runs no {type(launch.program).__name__}")
        return runner.start(launch)

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        for runner in self._runners.values():
            runner.stop(attempt_id)  # all but one ignore the unknown id

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        return {attempt_id for runner in self._runners.values() for attempt_id in runner.attempts()}

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        for runner in self._runners.values():
            runner.close()
