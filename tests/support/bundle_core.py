"""Core of bundles: ``python -m support.bundle_core KIND FOLDER`` builds one in a sandbox, runs it, and prints JSON.

A program of its own, so that it can be run as another user.
"""

import json
import queue
import sys
from pathlib import Path
from typing import Any

from samples.bundles import bundle
from samples.platform import JobPlatform
from support.package_index import PackageIndex
from voxel51.runners.environments.bundle_runner import BundleRunner
from voxel51.runners.environments.store import EnvironmentStore, StoreSettings
from voxel51.runners.environments.uv import IndexSettings
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.runners.sandbox.probe import examine
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=120, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=1 << 28, open_files=256)

SECRET = "a secret of the platform"

SOURCE = '''# /// script
# dependencies = ["paint"]
# ///
from pathlib import Path

from paint import RED
from voxel51.platform import analytic


@analytic(version="1.0.0")
def cars(colour: str = RED) -> dict:
    """Find cars.

    Args:
        colour: their colour.
    """
    try:
        secret = Path({secret!r}).read_text()
    except OSError:
        secret = "refused"
    return {{"colour": colour, "secret": secret}}
'''


def run_core(kind: SandboxKind, folder: Path) -> dict[str, Any]:
    """Resolve, install and describe a bundle in the sandbox ``kind``, and run a job of it."""
    secret, source = folder / "secret", folder / "source" / "cars.py"
    secret.write_text(SECRET)
    source.parent.mkdir()
    source.write_text(SOURCE.format(secret=str(secret)))
    report, lines = examine(kind), list[str]()
    with PackageIndex() as index:
        index.add_wheel("paint", "2.1", {"paint.py": "RED = 'red 2.1'\n"})
        settings = StoreSettings(index=IndexSettings(url=index.url))
        store = EnvironmentStore(folder / "environments", report.policy, settings)
        store.open()
        resolved = store.resolve(source, lines.append)
        with store.prepare(resolved.lock, lines.append) as environment:
            described = store.describe(environment, source, lines.append)
        platform = JobPlatform()
        outcome = _outcome(BundleRunner(folder / "bundles", store, report.policy), platform, source, resolved.lock)
    return {
        "kind": report.kind,
        "own_user": report.own_user,
        "lock": resolved.lock,
        "default": described.document["parameters"][0]["default"],
        "exit_code": outcome.exit_code,
        "log": outcome.log.decode(),
        "result": json.loads(platform.stored["output"][-1]) if platform.stored["output"] else None,
    }


def _outcome(runner: BundleRunner, platform: JobPlatform, source: Path, lock: str) -> AttemptOutcome:
    outcomes: queue.SimpleQueue[AttemptOutcome] = queue.SimpleQueue()
    runner.open(outcomes.put)
    try:
        program = bundle(platform, {source.name: source.read_bytes()}, source.name, lock)
        runner.start(LaunchSpec("attempt1", program, platform.environment, LIMITS))
        return outcomes.get(timeout=LIMITS["wall_seconds"])
    finally:
        runner.close()
        platform.close()


if __name__ == "__main__":
    print(json.dumps(run_core(SandboxKind(sys.argv[1]), Path(sys.argv[2]))))
