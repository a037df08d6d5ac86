"""Analytics: a manifest and the function that processes one job."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import resources

from voxel51.platform.job import Job
from voxel51.platform.named_weights import WeightsChoices
from voxel51.platform.parameter_groups import ParameterGroup, with_parameter_groups
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import AnalyticDocument


@dataclass(frozen=True, slots=True)
class Analytic:
    """Analytic that an entry point of the group ``voxel51.analytics`` names.

    Attributes:
        document: the manifest. The platform adds the owner to its name.
        process: runs one job. It reads ``job.inputs`` and ``job.parameters``, reports by ``job.progress``, and writes
            every declared output to ``job.output(name)``.
        preload: modules that are imported once, before jobs are forked from that process, so that a job starts in
            milliseconds. They must not start threads (onnxruntime does: import it inside ``process``).
        weights: which weights its parameters select, so that equal jobs are known by the weights that they really use.
        setup: makes what all jobs share, such as models, without any job. Where it is not None, the platform may run
            it once and fork several jobs of one owner afterwards; without that, `process` makes the same by itself.
        splitting: how one job runs as parts of its video, side by side; None if it cannot.
    """

    document: AnalyticDocument
    process: Callable[[Job], None]
    preload: tuple[str, ...] = ()
    weights: WeightsChoices = field(default_factory=dict)
    setup: Callable[[], None] | None = None
    splitting: Splitting | None = None

    @classmethod
    def from_package(
        cls,
        package: str,
        process: Callable[[Job], None],
        preload: tuple[str, ...] = (),
        parameter_groups: Iterable[ParameterGroup] = (),
        weights: WeightsChoices | None = None,
        setup: Callable[[], None] | None = None,
        splitting: Splitting | None = None,
    ) -> "Analytic":
        """Return the analytic whose manifest is the file ``manifest.json`` beside the code of ``package``.

        The parameters of ``parameter_groups`` are added to it, whether the result of ``setup`` may be kept, and whether
        jobs can be split.
        """
        text = resources.files(package).joinpath("manifest.json").read_text(encoding="utf-8")
        document = with_parameter_groups(json.loads(text), parameter_groups)
        if setup is not None:
            document.setdefault("extensions", {})["warm"] = True
        if splitting is not None:
            document.setdefault("extensions", {})["split"] = splitting.declaration()
        return cls(document, process, preload, weights or {}, setup, splitting)
