"""Hostile job: ``python -m support.hostile_job KIND FOLDER`` runs one in a sandbox and prints its results as JSON.

A program of its own, so that it can be run as another user.
"""

import json
import os
import secrets
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from samples.installed import install
from samples.platform import JobPlatform
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.runners.sandbox.probe import examine
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=120, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=1 << 28, open_files=256)


def run_hostile_job(kind: SandboxKind, folder: Path) -> dict[str, Any]:
    """Run a harmless job and then a hostile one beside a sleeping one; return what the hostile one printed."""
    report = examine(kind)
    data, running = folder / "data", folder / "data" / "running"
    files = [data / "signing.key", data / "platform.sqlite", data / "storage" / "another.mp4"]
    for file in files:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(b"a secret")
    tcp = socket.create_server(("127.0.0.1", 0))
    abstract_name = f"{folder.name}-{os.getpid()}"  # other tests may run at the same time
    local, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    local.bind(str(folder / "socket"))
    abstract.bind("\0" + abstract_name)
    for listener in (local, abstract):
        listener.listen()
    targets = {
        "files": ["/proc/1/environ", "/proc/1/mem", "/proc/1/root/etc/passwd", "/dev/mem", "/dev/vda", "/dev/sda"]
        + [str(path) for path in (*files, running / "other" / "request", running / "other" / "log")],
        "folders": [str(data), str(data / "storage"), str(running), "/root", "/home"],
        "writing": ["/", "/usr", sys.prefix, str(data), str(folder), "/etc"],
        "pid": os.getpid(),
        "marker": os.environ.setdefault("VOXEL51_SECRET", "the secret of the server"),
        "port": tcp.getsockname()[1],
        "abstract": abstract_name,
        "socket": str(folder / "socket"),
    }
    platform = JobPlatform(parameters={"targets": targets})
    outcomes: dict[str, AttemptOutcome] = {}
    changed = threading.Condition()
    policy = report.policy.hiding(data)
    runner = ProcessRunner(running, ["samples/hostile"], module_folders=install(folder / "dist"), policy=policy)

    def ended(outcome: AttemptOutcome) -> None:
        with changed:
            outcomes[outcome.attempt_id] = outcome
            changed.notify_all()

    def run(attempt_id: str, name: str, **more: str) -> None:
        runner.start(
            LaunchSpec(attempt_id, PackageProgram(f"samples/{name}"), {**platform.environment, **more}, LIMITS)
        )

    runner.open(ended)
    try:
        run("earlier", "no-op", EARLIER=f"credential-{secrets.token_hex(32)}")
        with changed:
            assert changed.wait_for(lambda: "earlier" in outcomes, 120)
        run("other", "sleep", EARLIER=f"credential-{secrets.token_hex(32)}")
        run("hostile", "hostile")
        with changed:
            assert changed.wait_for(lambda: "hostile" in outcomes, 120)
    finally:
        runner.close()
        platform.close()
    planted = [str(path) for path in folder.rglob("planted")]
    log = outcomes["hostile"].log.decode()
    assert "HOSTILE " in log, log
    found = json.loads(log.partition("HOSTILE ")[2].partition("\n")[0])
    return {"kind": report.kind, "planted": planted, "found": found}


if __name__ == "__main__":
    print(json.dumps(run_hostile_job(SandboxKind(sys.argv[1]), Path(sys.argv[2]))))
