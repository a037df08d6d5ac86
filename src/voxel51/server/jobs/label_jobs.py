"""Label jobs: jobs whose output is labels of a video, and the video that they analysed."""

from voxel51.server.jobs.requests import files_of
from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, output_filename
from voxel51.wire.jobs import JobRequestDocument

LABELS_TYPE = "VideoLabels"
VIDEO_TYPE = "Video"

_CHECKED_TYPES = (VIDEO_TYPE, LABELS_TYPE)
"""Types of inputs that the output of a job must have. Analytics name other types as they like."""


def produces_labels(document: AnalyticDocument) -> bool:
    """Return whether the one output file of an analytic is labels of a video."""
    return output_type(document) == LABELS_TYPE


def output_type(document: AnalyticDocument) -> str | None:
    """Return the type of the one output file of an analytic, such as "Video"; None if it has none or a zip archive."""
    kept = [output for output in document["outputs"] if not output["post_as_data"]]
    return short_type(kept[0]["type"]) if kept and not document["zip_outputs"] else None


def mismatch(document: AnalyticDocument, given: AnalyticInput, source: str) -> str | None:
    """Return why the output of a job of an analytic cannot be the input ``given`` of another; None if it can.

    ``source`` names the job in the text.
    """
    made, needed = output_type(document), short_type(given["type"])
    if not output_filename(document):
        return f"Input '{given['name']}': {source} has no output; its analytic produces none"
    if needed in _CHECKED_TYPES and made != needed:
        kind = f"of the type {made}" if made else "a zip archive"
        return f"Input '{given['name']}' must be of the type {needed}, but the output of {source} is {kind}"
    return None


def short_type(name: str) -> str:
    """Return the name of a declared type without its module: "Video" for "types.Video"."""
    return name.rpartition(".")[2]


def video_of(request: JobRequestDocument, document: AnalyticDocument) -> str | None:
    """Return the id of the data that a job got as its first input of the type video; None if it got no such data.

    The data may have been deleted.
    """
    given = files_of(request)["inputs"]
    for declared in document["inputs"]:
        reference = given.get(declared["name"])
        if short_type(declared["type"]) == VIDEO_TYPE and reference is not None and reference.data_id:
            return reference.data_id
    return None
