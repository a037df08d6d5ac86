"""Sandbox probe: run a job that does nothing in each mechanism, and report the strongest that works here.

It is run by ``python -m voxel51.runners.sandbox``, in a process with one thread, because it forks.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Never

from voxel51.runners.child_process import open_log
from voxel51.runners.sandbox import kernel, landlock, system_calls
from voxel51.runners.sandbox.launches import run_alone
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy, interpreter_paths
from voxel51.runners.sandbox.privileges import user_of
from voxel51.runners.sandbox.request import LaunchRequest
from voxel51.wire.tasks import JobLimits

PROBE_SECONDS = 60.0
_TRIES = 3
"""A mechanism counts as missing when it has failed this often: a machine under load may fail to start a process."""

_LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 40, file_bytes=1 << 40, open_files=64)


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """Report of a probe: the mechanism that confines the jobs of this machine.

    Attributes:
        kind: the strongest mechanism that works.
        own_user: whether each job has a user id of its own.
        missing: why no stronger mechanism is in force, one sentence each.
    """

    kind: SandboxKind
    own_user: bool = False
    missing: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The mechanism in force, as a phrase."""
        return f"{_PHRASES[self.kind]}{', each as a user of its own' if self.own_user else ''}"

    @property
    def policy(self) -> SandboxPolicy:
        """The policy by which a runner uses the mechanism."""
        return SandboxPolicy(self.kind, self.own_user)

    @property
    def network_refusal(self) -> str | None:
        """Reason why jobs cannot be given access to single hosts, as a phrase; None if they can."""
        return None if self.kind.limits_hosts else f"the sandbox '{self.kind}' cannot limit to single hosts"

    def refusal(self, minimum: SandboxKind) -> str | None:
        """Return why jobs must not run where at least ``minimum`` is required, as a phrase; None if they may."""
        if self.kind.strength >= minimum.strength:
            return None
        reasons = f" ({'; '.join(self.missing)})" if self.missing else ""
        return f"the sandbox '{minimum}' is required (sandbox_minimum), and this machine offers '{self.kind}'{reasons}"


_PHRASES = {
    SandboxKind.NONE: "none: jobs can read every file of the platform's user",
    SandboxKind.LANDLOCK: "jobs see their own folder and the interpreter (Landlock and seccomp)",
    SandboxKind.NAMESPACES: "jobs see their own folder, the interpreter, and no network but the platform (namespaces)",
}


def examine(
    strongest: SandboxKind = SandboxKind.NAMESPACES, interpreter: Sequence[str] = (sys.executable,)
) -> SandboxReport:
    """Return what confines the jobs that this interpreter runs, found out by a process of its own.

    Mechanisms stronger than ``strongest`` are not tried.
    """
    if sys.platform != "linux":
        return SandboxReport(SandboxKind.NONE, missing=("sandboxes need Linux",))
    command = [*interpreter, "-P", "-m", "voxel51.runners.sandbox", strongest]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PROBE_SECONDS)  # noqa: S603
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return SandboxReport(SandboxKind.NONE, missing=(f"the probe failed: {error}",))
    return SandboxReport(SandboxKind(found["kind"]), found["own_user"], tuple(found["missing"]))


def probe(strongest: SandboxKind) -> SandboxReport:
    """Try the mechanisms from ``strongest`` on. Forks: call it in a process with one thread."""
    missing = [] if strongest is SandboxKind.NAMESPACES else [f"the setting 'sandbox' is '{strongest}'"]
    for policy in _candidates():
        if policy.kind.strength > strongest.strength:
            continue
        reason = _tried(policy)
        if reason is None:
            return SandboxReport(policy.kind, policy.own_user, (*missing, *_missing_layers(policy)))
        name = f"{policy.kind}{' with a user of its own' if policy.own_user else ''}"
        missing.append(f"{name}: {reason}")
    return SandboxReport(SandboxKind.NONE, missing=tuple(missing))


def _missing_layers(policy: SandboxPolicy) -> Iterator[str]:
    if os.geteuid() != 0:
        yield "a user of its own for each job: the platform does not run as root"
    if not system_calls.is_known_machine():
        yield f"a filter of system calls: the machine type {kernel.MACHINE} is not supported"
    if policy.kind is SandboxKind.NAMESPACES and not landlock.version():
        yield "Landlock as a second layer: this kernel does not have it, or it is not enabled"


def _candidates() -> list[SandboxPolicy]:
    # Without namespaces, a job with another user id could not reach its folder in the platform's private one.
    root = [SandboxPolicy(SandboxKind.NAMESPACES, own_user=True)] if os.geteuid() == 0 else []
    return [*root, SandboxPolicy(SandboxKind.NAMESPACES), SandboxPolicy(SandboxKind.LANDLOCK)]


def _tried(policy: SandboxPolicy) -> str | None:
    """Return `_try`, of several tries the first that worked or the last."""
    reason: str | None = ""
    for _ in range(_TRIES):
        reason = _try(policy)
        if reason is None:
            return None
    return reason


def _try(policy: SandboxPolicy) -> str | None:
    """Run a job under ``policy``; return None if it worked, else the reason."""
    user = user_of(os.getpid()) if policy.own_user else None
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as name:
        # A runner's folder is private as well, so a mechanism that cannot cope with that fails here already.
        folder = Path(name) / "work"
        folder.mkdir(mode=0o700)
        try:
            if user is not None:
                os.chown(folder, user, user)
        except PermissionError:  # root of a container whose capabilities were dropped
            return f"files cannot be given to the user {user}: CAP_CHOWN is missing"
        log, path = Path(name) / "log", Path(name) / "request"
        request: LaunchRequest = {
            "entry_point": "probe",
            "folder": str(folder),
            "log": str(log),
            "environment": {"HOME": str(folder), "TMPDIR": str(folder)},
            "limits": _LIMITS,
            "user": user,
            "address": "http://127.0.0.1:9/v1",
            "module_folders": [],
            "readable": [],
            "devices": [],
            "network": None,
        }
        path.write_text(json.dumps(request))
        readable = tuple(map(str, interpreter_paths("voxel51.analytics")))
        pid = os.fork()
        if pid == 0:
            open_log(str(log))
            _run_alone(replace(policy, readable=readable), path)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            return None
        lines = []
        with suppress(OSError):
            lines = log.read_text(errors="replace").strip().splitlines()
        return lines[-1].partition("Error: ")[2] or lines[-1] if lines else "it failed without a word"


def _run_alone(policy: SandboxPolicy, request: Path) -> Never:
    """Run the job in this process, which exits with 0 if it worked."""
    code = 1
    try:
        code = int(run_alone(policy, request, _job) != 0)
    except OSError:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _job(request: LaunchRequest) -> int:
    """Check, inside the sandbox, that a job could work there."""
    Path(request["folder"], "file").write_text("written")
    for path in (*sys.path, sys.executable):
        if path and Path(path).exists() and not os.access(path, os.R_OK):
            raise PermissionError(f"{path} cannot be read")
    return 0


def main() -> None:
    """Print the report as JSON."""
    strongest = SandboxKind(sys.argv[1]) if len(sys.argv) > 1 else SandboxKind.NAMESPACES
    report = probe(strongest)
    sys.stdout.write(json.dumps(asdict(report)) + "\n")
