"""What an analytic is: a document that describes it and a function that does it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources

from voxel51.platform.common import Common, with_common
from voxel51.platform.job import Job
from voxel51.wire.analytics import AnalyticDocument

ENTRY_POINTS = "voxel51.analytics"
"""Entry-point group by which an installed package offers analytics; an entry's name is ``<owner>/<name>``."""


@dataclass(frozen=True, slots=True)
class Analytic:
    """What an entry point of the group ``voxel51.analytics`` names.

    Attributes:
        document: the manifest. The platform adds the owner to its name.
        process: does one job. It reads ``job.inputs`` and ``job.parameters``, reports by ``job.progress``, and
            leaves every declared output at ``job.output(name)``.
        preload: modules that are imported once, before jobs are forked from that process, so that a job starts in
            milliseconds. They must not start threads (onnxruntime does: import it inside ``process``).
    """

    document: AnalyticDocument
    process: Callable[[Job], None]
    preload: tuple[str, ...] = ()

    @classmethod
    def from_package(
        cls, package: str, process: Callable[[Job], None], preload: tuple[str, ...] = (), common: Iterable[Common] = ()
    ) -> "Analytic":
        """The analytic whose document is the file ``manifest.json`` beside the code of ``package``.

        The parameters of the ``common`` groups are added to it.
        """
        text = resources.files(package).joinpath("manifest.json").read_text(encoding="utf-8")
        return cls(document=with_common(json.loads(text), common), process=process, preload=preload)
