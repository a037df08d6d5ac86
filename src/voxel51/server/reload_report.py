"""Reload report: what the last reload of the installed packages has changed, as a file in the data folder."""

import json
import os
from pathlib import Path
from typing import TypedDict

_FILE_NAME = "reload.json"


class ReloadReport(TypedDict):
    """Result of one reload.

    Names are ``owner/name version``. ``started_at`` is the time of the machine's monotonic clock, in seconds: a command
    that asked for a reload at a known time finds the report that answers it. ``errors`` says why each of the analytics
    in it cannot be used, and ``failure`` why nothing was reloaded; null if it was.
    """

    started_at: float
    added: list[str]
    changed: list[str]
    removed: list[str]
    errors: dict[str, str]
    failure: str | None


def summary_of(report: ReloadReport) -> str:
    """Return what a reload has changed, as one line of text."""
    kinds = (("added", report["added"]), ("changed", report["changed"]), ("removed", report["removed"]))
    changes = [f"{kind} {', '.join(names)}" for kind, names in kinds if names]
    return "; ".join(changes) or "no manifest of an analytic has changed"


def write_report(folder: Path, report: ReloadReport) -> None:
    """Write the report of the platform in the data folder ``folder``, for the command that asked for the reload."""
    temporary = folder / f"{_FILE_NAME}.{os.getpid()}"
    temporary.write_text(json.dumps(report, indent=4) + "\n", encoding="utf-8")
    temporary.replace(folder / _FILE_NAME)  # atomic: readers never see half a file


def read_report(folder: Path) -> ReloadReport | None:
    """Return the report of the last reload; None before the first."""
    try:
        report: ReloadReport = json.loads((folder / _FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return report
