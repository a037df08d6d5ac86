"""Outputs: check the declared outputs of an analytic, and make the one file that is downloaded."""

import zipfile
from pathlib import Path

from voxel51.platform.errors import MissingOutput
from voxel51.platform.job import Job
from voxel51.wire.analytics import AnalyticDocument

ARCHIVE_NAME = "output.zip"
"""Name of the output file of an analytic with ``zip_outputs``."""

FASTEST_COMPRESSION = 1
"""Compression level. It reduces labels to a tenth; higher levels gain little and take seconds."""


def collect_outputs(document: AnalyticDocument, job: Job) -> dict[str, Path]:
    """Return the path of every declared output (a file, or a folder if outputs are zipped) by its name.

    Raises:
        MissingOutput: an output does not exist, or is a folder where a file was declared.
    """
    outputs = {output["name"]: job.output(output["name"]) for output in document["outputs"]}
    for name, path in outputs.items():
        if not path.exists():
            raise MissingOutput(f"the analytic did not write its output {name!r} ({path.name})")
        if path.is_dir() and not document["zip_outputs"]:
            raise MissingOutput(
                f"the analytic wrote a folder as its output {name!r} ({path.name}), which must be a file"
            )
    return outputs


def output_file(document: AnalyticDocument, outputs: dict[str, Path], folder: Path) -> Path | None:
    """Return the output file of the job; None if every output becomes data of the owner.

    With ``zip_outputs`` it is an archive that is written to ``folder``.
    """
    paths = [outputs[output["name"]] for output in document["outputs"] if not output["post_as_data"]]
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
