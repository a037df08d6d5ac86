"""What an analytic declares that it leaves, and whether it did."""

from pathlib import Path

from voxel51.platform.job import Job
from voxel51.wire.analytics import AnalyticDocument

ARCHIVE_NAME = "output.zip"
"""Name of the one output file of an analytic with ``zip_outputs``."""


class MissingOutput(Exception):  # noqa: N818  (reads as what it is where it is raised)
    """An analytic returned without leaving an output that its document declares: the analytic is at fault."""


def collect(document: AnalyticDocument, job: Job) -> dict[str, Path]:
    """Output name -> where the analytic left it (a file, or a folder where outputs are zipped), all of them.

    Raises:
        MissingOutput: one is not there, or is no file where a file was declared.
    """
    products = {output["name"]: job.output(output["name"]) for output in document["outputs"]}
    for name, path in products.items():
        if not path.exists():
            raise MissingOutput(f"the analytic returned without leaving its output {name!r} ({path.name})")
        if path.is_dir() and not document["zip_outputs"]:
            raise MissingOutput(f"the analytic left a folder where its output {name!r} ({path.name}) is to be a file")
    return products


def file_outputs(document: AnalyticDocument) -> list[str]:
    """Names of the outputs that make up the job's output file: all that are not stored as the owner's data."""
    return [output["name"] for output in document["outputs"] if not output["post_as_data"]]
