"""The analytics that are installed beside this interpreter: entry points of the group ``voxel51.analytics``."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from voxel51.platform.analytic import ENTRY_POINTS, Analytic


class NotAnAnalytic(Exception):
    """There is no such entry point, or what it names is no `Analytic`."""


@cache
def entries() -> Mapping[str, EntryPoint]:
    """Name -> entry point, for every installed analytic. Looked up once a process: it reads every distribution."""
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def load(name: str) -> Analytic:
    """The analytic ``name``, its code imported.

    Raises:
        NotAnAnalytic: nothing of that name is installed, or it is something else.
        Exception: whatever importing its code raises.
    """
    entry = entries().get(name)
    if entry is None:
        raise NotAnAnalytic(f"no analytic {name!r} is installed; there are {sorted(entries())}")
    analytic = entry.load()
    if not isinstance(analytic, Analytic):
        raise NotAnAnalytic(f"the entry point {name!r} names {entry.value}, which is no Analytic but {type(analytic)}")
    return analytic
