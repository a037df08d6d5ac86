"""Entry points: find and load the analytics that installed packages offer."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidEntryPoint
from voxel51.platform.sources import is_source, load_source
from voxel51.wire.analytics import ENTRY_POINT_GROUP


@cache
def analytic_entry_points() -> Mapping[str, EntryPoint]:
    """Return the entry point of every installed analytic by its name.

    The result is cached for the life of the process: the search reads the metadata of every installed distribution.
    """
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def load_analytic(name: str) -> Analytic:
    """Import and return the analytic ``name``, or that of the Python file or project folder with this path.

    Several of these, joined by commas, are loaded as one analytic (`voxel51.platform.joined_analytics`).

    Raises:
        InvalidEntryPoint: no analytic of that name is installed, or the entry point names another kind of object.
        Exception: any exception that importing its code raises.
    """
    if "," in name and not Path(name).exists():
        from voxel51.platform.joined_analytics import joined  # noqa: PLC0415  (it imports a decoder)

        return joined([load_analytic(each) for each in name.split(",")])
    if is_source(name):
        return load_source(Path(name))
    entry = analytic_entry_points().get(name)
    if entry is None:
        installed = ", ".join(sorted(analytic_entry_points())) or "none"
        raise InvalidEntryPoint(f"analytic {name!r} is not installed. Installed analytics: {installed}")
    analytic = entry.load()
    if not isinstance(analytic, Analytic):
        raise InvalidEntryPoint(
            f"the entry point {name!r} names {entry.value}, a {type(analytic).__name__} and not an Analytic"
        )
    return analytic
