"""Analytics: a manifest and a function, offered by installed packages through entry points."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import EntryPoint, entry_points

from voxel51.platform.errors import InvalidEntryPoint
from voxel51.platform.job import Job
from voxel51.platform.parameter_groups import ParameterGroup, with_parameter_groups
from voxel51.wire.analytics import ENTRY_POINT_GROUP, AnalyticDocument


@dataclass(frozen=True, slots=True)
class Analytic:
    """Analytic that an entry point of the group ``voxel51.analytics`` names.

    Attributes:
        document: the manifest. The platform adds the owner to its name.
        process: runs one job. It reads ``job.inputs`` and ``job.parameters``, reports by ``job.progress``, and writes
            every declared output to ``job.output(name)``.
        preload: modules that are imported once, before jobs are forked from that process, so that a job starts in
            milliseconds. They must not start threads (onnxruntime does: import it inside ``process``).
    """

    document: AnalyticDocument
    process: Callable[[Job], None]
    preload: tuple[str, ...] = ()

    @classmethod
    def from_package(
        cls,
        package: str,
        process: Callable[[Job], None],
        preload: tuple[str, ...] = (),
        parameter_groups: Iterable[ParameterGroup] = (),
    ) -> "Analytic":
        """Return the analytic whose manifest is the file ``manifest.json`` beside the code of ``package``.

        The parameters of ``parameter_groups`` are added to it.
        """
        text = resources.files(package).joinpath("manifest.json").read_text(encoding="utf-8")
        return cls(document=with_parameter_groups(json.loads(text), parameter_groups), process=process, preload=preload)


@cache
def analytic_entry_points() -> Mapping[str, EntryPoint]:
    """Return the entry point of every installed analytic by its name.

    The result is cached for the life of the process: the search reads the metadata of every installed distribution.
    """
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def load_analytic(name: str) -> Analytic:
    """Import and return the analytic ``name``.

    Raises:
        InvalidEntryPoint: no analytic of that name is installed, or the entry point names another kind of object.
        Exception: any exception that importing its code raises.
    """
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
