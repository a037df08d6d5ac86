"""Network job: ``python -m support.network_job FOLDER ORDER`` runs the analytic ``connect`` and prints what it found.

A program of its own, so that it can run with another ``/etc/hosts``: `run_network_job` gives it one.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from samples.installed import install
from samples.platform import JobPlatform
from support.sandboxes import strongest_sandbox
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.wire.tasks import JobLimits

TESTS = Path(__file__).parents[1]
LIMITS = JobLimits(wall_seconds=120, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=1 << 28, open_files=256)
_WITH_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'


def run_network_job(
    folder: Path,
    hosts: dict[str, list[str]],
    probes: list[dict[str, Any]],
    *,
    names: dict[str, str] | None = None,
    max_bytes: int = 1 << 30,
    own_user: bool = True,
) -> dict[str, Any]:
    """Return what the job found, and its log.

    Args:
        folder: an empty folder.
        hosts: entries of the permission, each with its private networks.
        probes: connections to try, see `samples.network`.
        names: names in ``/etc/hosts`` of the machine, and their addresses.
        max_bytes: limit of the permission.
        own_user: whether jobs get a user id of their own, where the tests run as root.
    """
    file = folder / "hosts"
    file.write_text("127.0.0.1 localhost\n" + "".join(f"{ip} {name}\n" for name, ip in (names or {}).items()))
    order = json.dumps({"hosts": hosts, "probes": probes, "max_bytes": max_bytes, "own_user": own_user})
    rights = () if os.geteuid() == 0 else ("--map-root-user",)
    prefix = ("unshare", *rights, "--mount", "--propagation", "private", "sh", "-c", _WITH_HOSTS, str(file))
    command = [*prefix, sys.executable, "-P", "-m", "support.network_job", str(folder / "job"), order]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _run(folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    permission = NetworkPermission.of({text: tuple(nets) for text, nets in order["hosts"].items()}, order["max_bytes"])
    platform = JobPlatform(parameters={"probes": order["probes"]})
    found = strongest_sandbox()
    policy = replace(found, own_user=found.own_user and order["own_user"])
    runner = ProcessRunner(folder / "running", module_folders=install(folder / "dist"), policy=policy)
    outcomes: list[AttemptOutcome] = []
    ended = threading.Event()

    def on_end(outcome: AttemptOutcome) -> None:
        outcomes.append(outcome)
        ended.set()

    runner.open(on_end)
    try:
        program = PackageProgram("samples/connect")
        runner.start(LaunchSpec("network", program, platform.environment, LIMITS, network=permission))
        assert ended.wait(150), "the job did not end"
    finally:
        runner.close()
        platform.close()
    log = outcomes[0].log.decode()
    assert "NETWORK " in log, log
    return {**json.loads(log.partition("NETWORK ")[2].partition("\n")[0]), "log": log}


if __name__ == "__main__":
    print(json.dumps(_run(Path(sys.argv[1]), json.loads(sys.argv[2]))))
