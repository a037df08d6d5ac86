"""Slurm commands: submit, list and cancel Slurm jobs, and list the machines of a partition.

Arguments are passed as lists, never through a shell, and are made of ids, numbers and settings. Names and texts of
users are not part of them.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from voxel51.runners.resources import Resources

PROGRAMS = ("sbatch", "squeue", "scancel", "sinfo")

ENDED_STATES = frozenset(
    {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
        "REVOKED", "TIMEOUT",
    }
)  # fmt: skip
"""States of Slurm jobs of which no process is left."""

_COMMAND_SECONDS = 20.0
_MIB = 2**20
_PASSED_ON = ("HOME", "LOGNAME", "PATH", "PYTHONPATH", "SLURM_CONF", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ", "USER")
"""Environment variables that Slurm's programs get, and pass on to Slurm jobs: no secret of the platform."""

_USABLE_STATES = {"ALLOCATED", "COMPLETING", "IDLE", "MIXED"}
_GPUS = re.compile(r"(?:^|,)gpu(?::[^:,(]+)?:(\d+)")
_AWAY = re.compile(
    "unable to contact|not responding|timed out|connection (refused|reset)|zero bytes|communication", re.IGNORECASE
)


class SlurmAway(OSError):
    """Slurm did not answer. The text says why, as a phrase. A Slurm job may have been submitted all the same."""


class SlurmRefused(OSError):
    """Slurm answered with an error. The text is Slurm's."""


def problem_of(error: SlurmAway | SlurmRefused) -> str:
    """Return an error as a clause: that Slurm does not answer, or that it refuses, and why."""
    return f"Slurm {'refuses' if isinstance(error, SlurmRefused) else 'does not answer'}: {error}"


@dataclass(frozen=True, slots=True)
class Submission:
    """Slurm job that is to be submitted.

    Attributes:
        name: its name: letters, digits and hyphens.
        cpus: processors.
        gpus: GPUs.
        memory_bytes: memory; 0: the partition's default.
        wall_seconds: time limit.
        arguments: the command that it runs.
    """

    name: str
    cpus: int
    gpus: int
    memory_bytes: int
    wall_seconds: float
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """Slurm job, as ``squeue`` reports it: the long name of its state, and its node, empty while it waits."""

    id: str
    name: str
    state: str
    node: str
    reason: str

    @property
    def has_ended(self) -> bool:
        """Whether no process of it is left, as far as Slurm knows."""
        return self.state in ENDED_STATES


@dataclass(frozen=True, slots=True)
class Machine:
    """Machine of a partition: what it has, and its state as Slurm calls it. ``is_usable``: it can start jobs."""

    name: str
    total: Resources
    state: str
    is_usable: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """Placement of Slurm jobs: partition and account, each empty for the default, and options of ``sbatch``."""

    partition: str = ""
    account: str = ""
    options: Sequence[str] = ()


class SlurmCommands:
    """The programs of Slurm on this machine. Every call may raise `SlurmAway` or `SlurmRefused`."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement
        self._script = Path(str(files("voxel51.runners.slurm").joinpath("job.sh")))

    def submit(self, wanted: Submission) -> str:
        """Submit a Slurm job and return its id."""
        where = self._placement
        options = [
            "--parsable", f"--job-name={wanted.name}", "--no-requeue", "--chdir=/", "--output=/dev/null",
            "--export=ALL", "--nodes=1", "--ntasks=1", f"--cpus-per-task={wanted.cpus}",
            f"--time={max(1, round(wanted.wall_seconds / 60))}",
        ]  # fmt: skip
        options += [f"--mem={wanted.memory_bytes // _MIB}M"] if wanted.memory_bytes else []
        options += [f"--gres=gpu:{wanted.gpus}"] if wanted.gpus else []
        options += [f"--partition={where.partition}"] if where.partition else []
        options += [f"--account={where.account}"] if where.account else []
        # Slurm takes the last of repeated options, so those of the settings have precedence.
        answer = _run(["sbatch", *options, *where.options, str(self._script), *wanted.arguments])
        slurm_id = answer.strip().partition(";")[0]
        if not slurm_id.isdecimal():
            raise SlurmRefused(f"sbatch printed no job id but {answer[:200]!r}")
        return slurm_id

    def jobs(self, prefix: str) -> list[SlurmJob]:
        """Return the Slurm jobs of this user whose names start with ``prefix``, with those that ended lately."""
        answer = _run(["squeue", "--me", "--states=all", "--noheader", "--format=%i|%T|%N|%r|%j"])
        rows = [line.strip().split("|", 4) for line in answer.splitlines()]
        return [
            SlurmJob(slurm_id, name, state, node, reason)
            for slurm_id, state, node, reason, name in (row for row in rows if len(row) == 5)
            if name.startswith(prefix)
        ]

    def cancel(self, slurm_ids: Sequence[str]) -> None:
        """Cancel Slurm jobs, whether they wait or run. Those that have ended are ignored."""
        _run(["scancel", *slurm_ids])

    def machines(self) -> list[Machine]:
        """Return the machines of the partition, or of the default partition."""
        answer = _run(["sinfo", "--Node", "--noheader", "--format=%P|%N|%c|%m|%G|%T"])
        partition = self._placement.partition
        wanted = set(partition.split(",")) if partition else None
        found: dict[str, Machine] = {}
        for row in (line.strip().split("|") for line in answer.splitlines()):
            if len(row) == 6 and (row[0].endswith("*") if wanted is None else row[0].rstrip("*") in wanted):
                found.setdefault(row[1], _machine(row))
        if not found:
            raise SlurmRefused(f"there is no partition {partition}" if wanted else "there is no default partition")
        return list(found.values())


def partitions() -> list[str]:
    """Return the names of the partitions; that of the default one ends with ``*``."""
    return sorted(set(_run(["sinfo", "--noheader", "--format=%P"]).split()))


def _machine(row: Sequence[str]) -> Machine:
    _, name, cpus, megabytes, gres, state = row
    gpus = sum(int(number) for number in _GPUS.findall(gres))
    total = Resources(float(cpus.rstrip("+")), float(gpus), int(megabytes.rstrip("+")) * _MIB)
    # A trailing character tells more: `*` the node does not respond, `~` it is powered down until it is needed, …
    is_usable = state.rstrip("~#").upper() in _USABLE_STATES
    return Machine(name, total, state, is_usable)


def _run(arguments: Sequence[str]) -> str:
    """Run a program of Slurm and return what it prints."""
    try:
        done = subprocess.run(  # noqa: S603
            arguments,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SlurmAway(f"{arguments[0]} did not end within {_COMMAND_SECONDS:g} s") from None
    except OSError as error:
        raise SlurmAway(f"{arguments[0]} could not be started: {error.strerror}") from None
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    text = lines[-1][:300] if lines else f"{arguments[0]} ended with {done.returncode} and no message"
    raise (SlurmAway if any(map(_AWAY.search, lines)) else SlurmRefused)(text)


def _environment() -> Mapping[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LC_ALL": "C.UTF-8"}
