"""Local job: what a run on this machine without a server needs to know of a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.network_permission import NetworkPermission
from voxel51.wire.tasks import PartDescription


@dataclass(frozen=True, slots=True)
class LocalJob:
    """Job to run.

    Attributes:
        analytic: name of an installed analytic, or the absolute path of a Python file or project folder.
        name, version: name and version in its manifest.
        inputs: paths of the input files by name.
        parameters: values by name; paths for data parameters.
        secrets: values of the secrets that the analytic needs, by name.
        network: hosts that the analytic may connect to; None: none.
        part: the part of a split job that it is; None: a whole job.
        parts: the parts of a split job that it merges, each with its output file.
        uses_gpu: whether it sees the GPUs of the machine.
    """

    analytic: str
    name: str
    version: str
    inputs: Mapping[str, Path]
    parameters: Mapping[str, object]
    secrets: Mapping[str, str]
    network: NetworkPermission | None = None
    part: PartDescription | None = None
    parts: Sequence[tuple[PartDescription, Path]] = ()
    uses_gpu: bool = False
