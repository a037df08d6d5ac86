"""What an analytic declares that it leaves: whether it did, and the one file that people download."""

import zipfile
from pathlib import Path

from voxel51.platform.errors import MissingOutput
from voxel51.platform.job import Job
from voxel51.wire.analytics import AnalyticDocument

ARCHIVE_NAME = "output.zip"
"""Name of the one output file of an analytic with ``zip_outputs``."""

FASTEST_COMPRESSION = 1
"""Labels shrink to a tenth even so; more effort gains little and costs seconds."""


def collect_outputs(document: AnalyticDocument, job: Job) -> dict[str, Path]:
    """Output name -> where the analytic left it (a file, or a folder where outputs are zipped), all of them.

    Raises:
        MissingOutput: one is not there, or is a folder where a file was declared.
    """
    products = {output["name"]: job.output(output["name"]) for output in document["outputs"]}
    for name, path in products.items():
        if not path.exists():
            raise MissingOutput(f"the analytic returned without leaving its output {name!r} ({path.name})")
        if path.is_dir() and not document["zip_outputs"]:
            raise MissingOutput(f"the analytic left a folder where its output {name!r} ({path.name}) is to be a file")
    return products


def output_file(document: AnalyticDocument, products: dict[str, Path], folder: Path) -> Path | None:
    """The one file that is the job's output; None where all that the analytic leaves becomes data of its owner.

    With ``zip_outputs`` it is an archive, written into ``folder``.
    """
    paths = [products[output["name"]] for output in document["outputs"] if not output["post_as_data"]]
    if not paths:
        return None
    return _archived(paths, folder / ARCHIVE_NAME) if document["zip_outputs"] else paths[0]


def _archived(paths: list[Path], archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST_COMPRESSION) as file:
        for path in paths:
            parts = sorted(path.rglob("*")) if path.is_dir() else [path]
            for part in parts:
                file.write(part, part.relative_to(path.parent))
    return archive
