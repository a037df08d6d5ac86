"""Doctor: check the machine, the data folder and the settings of a platform, and advise how to fix problems."""

import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

from voxel51.runners.containers.engine import ContainerEngine, find_engine_url
from voxel51.runners.environments.uv import find_uv
from voxel51.runners.sandbox import probe
from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.runners.sandbox.probe import SandboxReport
from voxel51.runners.slurm.commands import SlurmAway, SlurmRefused, partitions, problem_of
from voxel51.server.analytics.installed import Installation, find_installed
from voxel51.server.data_folder import running_url
from voxel51.server.database.connections import shortage
from voxel51.server.database.opening import open_database
from voxel51.server.extras import EXTRAS, install_command, missing_extras
from voxel51.server.machine import is_container
from voxel51.server.settings import Settings
from voxel51.wire.overview import EngineKind

LOW_SPACE_FACTOR = 4
"""Free disk space below this multiple of the reserve is a warning."""


class Verdict(StrEnum):
    """Result of a check: fine, worth knowing, or keeping the platform from working."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check: its subject, verdict and explanation, and advice where something should be done."""

    subject: str
    verdict: Verdict
    text: str
    advice: str | None = None


_FOR_NAMESPACES = "the security options systempaths=unconfined and, with Docker, seccomp=unconfined"

Check = Callable[[], CheckResult]


def examine(settings: Settings) -> Iterator[CheckResult]:
    """Run all checks, and yield their results one by one."""
    sandbox = cache(lambda: probe.examine(settings.sandbox))
    return run_checks(
        {
            "data folder": partial(_check_folder, settings),
            "disk space": partial(_check_disk_space, settings),
            "database": partial(_check_database, settings),
            "platform": partial(_check_platform, settings),
            "analytics": lambda: check_analytics(find_installed(import_seconds=settings.import_seconds)),
            "extras": _check_extras,
            "encoder": _check_encoder,
            "isolation": lambda: check_isolation(sandbox(), settings.sandbox_minimum),
            "bundles": lambda: check_bundles(settings, sandbox()),
            "containers": partial(_check_container_engine, settings),
            "slurm": partial(_check_slurm, settings),
            "address": partial(_check_address, settings),
        }
    )


def examine_running(settings: Settings, more: Mapping[str, Check]) -> Iterator[CheckResult]:
    """Run the checks that a platform can run while it serves: fast, and without side effects.

    ``more`` has further checks by subject, of what only the running platform knows.
    """
    return run_checks(
        {
            "data folder": partial(_check_folder, settings),
            "disk space": partial(_check_disk_space, settings),
            **more,
            "extras": _check_extras,
            "address": partial(_check_address, settings),
        }
    )


def run_checks(checks: Mapping[str, Check]) -> Iterator[CheckResult]:
    """Yield the result of each check. A check that raises is a failure of its subject, not an exception."""
    for subject, check in checks.items():
        try:
            yield check()
        except Exception as error:
            yield CheckResult(subject, Verdict.FAILURE, f"the check failed: {error}")


def _check_folder(settings: Settings) -> CheckResult:
    folder = settings.folder
    if not folder.exists():
        return CheckResult("data folder", Verdict.OK, f"{folder} does not exist yet; the first start creates it")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        text = f"other users can read {folder} (mode {mode:o})"
        return CheckResult("data folder", Verdict.FAILURE, text, f"run: chmod 700 {folder}")
    return CheckResult("data folder", Verdict.OK, f"{folder}, private to its owner")


def _check_disk_space(settings: Settings) -> CheckResult:
    existing = next(each for each in (settings.folder, *settings.folder.parents) if each.exists())
    free, reserve = shutil.disk_usage(existing).free, settings.disk_reserve_bytes
    text = f"{free / 1e9:.1f} GB free; uploads and jobs need more than the reserve of {reserve / 1e9:.1f} GB"
    if free <= reserve:
        text += ", so uploads are rejected and queued jobs wait"
        return CheckResult("disk space", Verdict.FAILURE, text, "free disk space")
    if free < LOW_SPACE_FACTOR * reserve:
        advice = "free disk space before uploads are rejected and jobs wait"
        return CheckResult("disk space", Verdict.WARNING, text, advice)
    return CheckResult("disk space", Verdict.OK, text)


def _check_database(settings: Settings) -> CheckResult:
    if not settings.database_url and not (settings.folder / "platform.sqlite").exists():
        return CheckResult("database", Verdict.OK, "SQLite in the data folder; the first start creates it")
    database = open_database(settings)
    try:
        with database.read() as connection:
            name = connection.dialect.name
        lacks = None if running_url(settings.folder) else shortage(database, settings)
    finally:
        database.close()
    if lacks is not None:
        return CheckResult("database", Verdict.WARNING, lacks, "see docs/operations/postgresql.md")
    return CheckResult("database", Verdict.OK, f"{name} responds, its tables are up to date")


def _check_platform(settings: Settings) -> CheckResult:
    url = running_url(settings.folder)
    if url is None:
        return CheckResult("platform", Verdict.OK, "not running", "start it with: voxel51 server start")
    return CheckResult("platform", Verdict.OK, f"running at {url}")


def check_analytics(installed: Installation) -> CheckResult:
    """Check that analytics are installed, and that each can be used and preloaded, so that its jobs start fast."""
    found = installed.analytics
    if installed.errors:
        broken = "; ".join(f"{name} cannot be used: {error}" for name, error in installed.errors.items())
        advice = "repair or uninstall the packages; jobs of these analytics are refused"
        return CheckResult("analytics", Verdict.WARNING, f"{len(found)} can be used; {broken}", advice)
    if not found:
        advice = "pip install 'voxel51-platform[analytics]'"
        return CheckResult("analytics", Verdict.WARNING, "no analytics are installed", advice)
    slow = sorted(analytic.entry_point for analytic in found if not analytic.preload_safe)
    if slow:
        text = f"{len(found)} are installed; {', '.join(slow)} start threads when imported, so their jobs start slowly"
        return CheckResult("analytics", Verdict.WARNING, text)
    return CheckResult("analytics", Verdict.OK, f"{len(found)} are installed")


def _check_extras() -> CheckResult:
    missing = missing_extras()
    if not missing:
        return CheckResult("extras", Verdict.OK, f"{', '.join(sorted(EXTRAS))} are installed")
    return CheckResult("extras", Verdict.WARNING, f"not installed: {', '.join(missing)}", install_command(*missing))


def _check_encoder() -> CheckResult:
    if find_spec("av") is None:
        text = "the extra 'labels' is not installed, so no annotated videos can be made"
        return CheckResult("encoder", Verdict.WARNING, text, "pip install 'voxel51-platform[labels]'")
    from av.codec import codecs_available  # noqa: PLC0415  (the server itself decodes and encodes nothing)

    missing = [name for name in ("libx264", "aac") if name not in codecs_available]
    if missing:
        text = f"PyAV was built without {', '.join(missing)}: no videos can be made that browsers play"
        return CheckResult("encoder", Verdict.WARNING, text, "install PyAV from its wheel")
    return CheckResult("encoder", Verdict.OK, "videos that browsers play can be made")


def check_isolation(sandbox: SandboxReport, minimum: SandboxKind) -> CheckResult:
    """Check what confines jobs: the mechanism in force, why not a stronger one, and whether the minimum is met."""
    text = "; ".join([f"{sandbox.kind}: {sandbox.text}", *(f"not in force: {reason}" for reason in sandbox.missing)])
    if sandbox.refusal(minimum) is not None:
        text += f"; no job runs, since at least '{minimum}' is required"
        advice = "provide it as docs/operations/sandbox.md says, or lower sandbox_minimum"
        return CheckResult("isolation", Verdict.FAILURE, text, advice)
    if sandbox.kind is SandboxKind.NAMESPACES:
        return CheckResult("isolation", Verdict.OK, text)
    advice = "install only analytics that you trust"
    if is_container():
        advice += f", or start the container with {_FOR_NAMESPACES}"
    return CheckResult("isolation", Verdict.WARNING, text, advice)


def check_containers(missing: str | None, in_force: str) -> CheckResult:
    """Check whether container images can be run: ``missing`` says why not, ``in_force`` by what they are confined."""
    if missing is None:
        return CheckResult("containers", Verdict.OK, in_force)
    return CheckResult("containers", Verdict.OK, f"container images are not run: {missing}")


def _check_container_engine(settings: Settings) -> CheckResult:
    url = find_engine_url(settings.container_engine)
    if url is None:
        return check_containers("no container engine was found (setting container_engine)", "")
    engine = ContainerEngine(url)
    try:
        version = engine.connect()
        runtimes = sorted(engine.info().get("Runtimes") or {})
    except OSError as error:
        advice = "start the engine, or set container_engine to another URL or to off"
        return CheckResult("containers", Verdict.WARNING, str(error), advice)
    finally:
        engine.close()
    runtime = settings.container_runtime
    if runtime and runtime not in runtimes:
        text = f"{version} at {url} has no runtime '{runtime}', only {', '.join(runtimes)}"
        return CheckResult("containers", Verdict.FAILURE, text, "install it, or set container_runtime to another one")
    return check_containers(None, f"{version} at {url}, runtime {runtime or 'of the engine'} of {', '.join(runtimes)}")


def _check_slurm(settings: Settings) -> CheckResult:
    is_used = settings.engine is EngineKind.SLURM
    if which("sbatch") is None:
        text = "sbatch was not found: jobs cannot run as Slurm jobs"
        verdict = Verdict.FAILURE if is_used else Verdict.OK
        return CheckResult("slurm", verdict, text, "install Slurm's client commands" if is_used else None)
    try:
        found = partitions()
    except (SlurmAway, SlurmRefused) as error:
        verdict = Verdict.FAILURE if is_used else Verdict.OK
        correction = "correct slurm.conf or SLURM_CONF"
        advice = correction if isinstance(error, SlurmRefused) else f"start slurmctld, or {correction}"
        return CheckResult("slurm", verdict, f"sbatch was found, but {problem_of(error)}", advice if is_used else None)
    text = f"partitions: {', '.join(found) or 'none'}"
    missing = set(filter(None, settings.slurm_partition.split(","))) - {name.rstrip("*") for name in found}
    if is_used and missing:
        text += f"; there is no {', '.join(sorted(missing))}"
        return CheckResult("slurm", Verdict.FAILURE, text, "set slurm_partition to one that exists")
    return CheckResult("slurm", Verdict.OK, text)


def check_bundles(settings: Settings, sandbox: SandboxReport) -> CheckResult:
    """Check that the environments of bundles can be built, from which packages, and in which sandbox."""
    program = find_uv()
    if program is None:
        text = "uv is not installed: bundles that require packages cannot be built"
        return CheckResult("bundles", Verdict.WARNING, text, "pip install 'voxel51-platform[bundles]'")
    wheels = settings.package_wheels
    if wheels and not Path(wheels).expanduser().is_dir():
        return CheckResult(
            "bundles", Verdict.FAILURE, f"package_wheels is not a folder: {wheels}", "create or correct it"
        )
    places = [place for place in (urlsplit(settings.package_index).hostname, wheels) if place]
    text = f"packages come from {' and '.join(places) or 'nowhere: package_index and package_wheels are empty'}"
    if sandbox.kind is SandboxKind.NONE:
        text += "; nothing confines builds and jobs of bundles"
        return CheckResult("bundles", Verdict.WARNING, text, "deploy only bundles that you trust")
    return CheckResult("bundles", Verdict.OK, f"{text}; built by {program} in the sandbox '{sandbox.kind}'")


def _check_address(settings: Settings) -> CheckResult:
    is_open = settings.host not in {"127.0.0.1", "::1", "localhost"}
    speaks_tls = bool(settings.tls_certificate) or settings.public_url.startswith("https://")
    if is_open and not speaks_tls:
        text = f"other machines can reach {settings.host} without encryption"
        return CheckResult("address", Verdict.WARNING, text, "set tls_certificate, or public_url to https")
    return CheckResult("address", Verdict.OK, f"{settings.host}:{settings.port}")
