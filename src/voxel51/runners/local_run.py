"""Local run: one job on this machine without a server, by the same runner and in the same sandbox as on a platform."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.gpu_devices import GpuAccess
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.local_job import LocalJob
from voxel51.runners.local_platform import LOCAL_JOB, LOG, OUTPUT, LocalPlatform
from voxel51.runners.local_progress import LocalProgress
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.processes.warm_zygotes import WarmLimits
from voxel51.runners.programs import PackageProgram
from voxel51.runners.resources import Resources
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.tasks import JobLimits, TaskState, TaskStatusDocument

_POLL_SECONDS = 0.05
_SETUP_SECONDS = 60.0
_WARM_LIMITS = WarmLimits(processes=1, idle_seconds=600.0, memory_bytes=1 << 40)

Reported = Callable[[TaskStatusDocument], None]


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """End of a local job.

    Attributes:
        is_complete: whether the job completed.
        failure_type: who is at fault: USER, ANALYTIC or PLATFORM; None if it completed.
        reason: a sentence that says why it failed; empty if it completed.
        output: its output file, None if it has none.
        data: files that would become data of the job's owner.
        log: what it printed.
        fraction: the last reported progress, 0 to 1; None if none was reported.
        warnings: about the result.
        peak_memory_bytes: largest memory that its process used; None if that is not known.
        is_stopped: whether `LocalRun.stop` ended it.
    """

    is_complete: bool
    failure_type: str | None
    reason: str
    output: Path | None
    data: tuple[Path, ...]
    log: str
    fraction: float | None
    warnings: tuple[str, ...]
    peak_memory_bytes: int | None
    is_stopped: bool


class LocalRun:
    """Run of one job: `wait` returns its end, `stop` ends it early."""

    def __init__(
        self,
        job: LocalJob,
        folder: Path,
        limits: JobLimits,
        policy: SandboxPolicy,
        reported: Reported,
        *,
        progress: LocalProgress | None = None,
        is_warm: bool = False,
    ) -> None:
        """Prepare to run ``job`` in the empty ``folder``.

        Args:
            job: the job.
            folder: an empty folder, which then has the outputs.
            limits: its limits.
            policy: its sandbox.
            reported: gets every status document.
            progress: keeps partial results and checkpoints. A job that it interrupts runs again and goes on.
            is_warm: run a job that completed again, forked from a process in which ``setup()`` has run.
        """
        self._job = job
        self._folder = folder
        self._limits = limits
        self._policy = policy
        self._reported = reported
        self._outcome: AttemptOutcome | None = None
        self._ended = threading.Event()
        self._stopping = threading.Event()
        self._progress = progress
        self._is_warm = is_warm
        self._is_first = True
        self._not_warm = ""
        self._numbers = itertools.count(1)

    def wait(self) -> LocalEnd:
        """Run the job and return its end. An interrupt by the keyboard ends the job first."""
        received = self._folder / "received"
        received.mkdir(parents=True)
        warm = _WARM_LIMITS if self._is_warm else None
        runner = ProcessRunner(
            self._folder / "running",
            policy=self._policy,
            import_seconds=_SETUP_SECONDS,
            warm=warm,
            gpus=GpuAccess.NEEDED,
        )
        platform = LocalPlatform(self._job, received, self._reported, self._progress)
        runner.open(self._end)
        try:
            with platform:
                self._attempt(runner, platform)
                while self._is_to_run_again(runner, platform):
                    self._attempt(runner, platform)
        finally:
            runner.close()
        return self._result(platform)

    def _attempt(self, runner: ProcessRunner, platform: LocalPlatform) -> None:
        """Run the job once, to its end or its interruption."""
        self._ended.clear()
        attempt_id = f"{LOCAL_JOB}-{next(self._numbers)}"
        key = LOCAL_JOB if self._is_warm else None
        runner.start(
            LaunchSpec(
                attempt_id,
                PackageProgram(self._job.analytic),
                platform.environment,
                self._limits,
                key,
                Resources(gpus=float(self._job.uses_gpu)),
                self._job.network,
            )
        )
        interrupted = threading.Event() if self._progress is None else self._progress.is_interrupted
        while not self._ended.wait(_POLL_SECONDS):
            if self._stopping.is_set() or interrupted.is_set():
                runner.stop(attempt_id)

    def _is_to_run_again(self, runner: ProcessRunner, platform: LocalPlatform) -> bool:
        if self._stopping.is_set():
            return False
        if self._progress is not None and self._progress.is_interrupted.is_set():
            self._progress.begin_again()
            return True
        is_first, self._is_first = self._is_first, False
        is_complete = platform.state is TaskState.COMPLETE
        return self._is_warm and is_first and is_complete and self._becomes_warm(runner, platform)

    def _becomes_warm(self, runner: ProcessRunner, platform: LocalPlatform) -> bool:
        """Wait for the process in which ``setup()`` has run. Without one in time, the job has failed."""
        deadline = time.monotonic() + 2 * _SETUP_SECONDS
        while not runner.has_warm(LOCAL_JOB):
            if runner.has_failed_to_warm(LOCAL_JOB) or time.monotonic() > deadline or self._stopping.is_set():
                platform.state, platform.failure_type = TaskState.FAILED, "ANALYTIC"
                self._not_warm = f"setup() failed, or took more than {_SETUP_SECONDS:.0f} s, in a process without a job"
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def stop(self) -> None:
        """End the job; `wait` then returns. Called from another thread."""
        self._stopping.set()

    def _end(self, outcome: AttemptOutcome) -> None:
        self._outcome = outcome
        self._ended.set()

    def _result(self, platform: LocalPlatform) -> LocalEnd:
        outcome = self._outcome
        is_complete = platform.state is TaskState.COMPLETE
        log, status = platform.sent(LOG), platform.status
        printed = log.read_text(errors="replace") if log else ""
        return LocalEnd(
            is_complete=is_complete,
            failure_type=None if is_complete else platform.failure_type or "ANALYTIC",
            reason="" if is_complete else self._not_warm or _reason(platform, outcome),
            output=platform.sent(OUTPUT),
            data=tuple(platform.data()),
            log=printed or (outcome.log.decode(errors="replace") if outcome else ""),
            fraction=status["progress"].get("fraction") if status and "progress" in status else None,
            warnings=tuple(status.get("warnings", [])) if status else (),
            peak_memory_bytes=outcome.peak_memory_bytes if outcome else None,
            is_stopped=outcome is not None and outcome.exit_reason is ExitReason.STOPPED and not is_complete,
        )


def _reason(platform: LocalPlatform, outcome: AttemptOutcome | None) -> str:
    if platform.state is TaskState.FAILED and platform.status and platform.status["messages"]:
        return platform.status["messages"][-1]["message"]
    if outcome is None:
        return "The job did not start"
    if outcome.exit_reason is ExitReason.STOPPED:
        return "The job was stopped"
    return outcome.detail
