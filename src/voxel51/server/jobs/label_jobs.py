"""Label jobs: jobs whose output is labels of a video, and the video that they analysed."""

from voxel51.server.jobs.requests import files_of
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.jobs import JobRequestDocument

LABELS_TYPE = "VideoLabels"
VIDEO_TYPE = "Video"


def produces_labels(document: AnalyticDocument) -> bool:
    """Return whether the one output file of an analytic is labels of a video."""
    kept = [output for output in document["outputs"] if not output["post_as_data"]]
    return not document["zip_outputs"] and bool(kept) and kept[0]["type"].rpartition(".")[2] == LABELS_TYPE


def video_of(request: JobRequestDocument, document: AnalyticDocument) -> str | None:
    """Return the id of the data that a job got as its first input of the type video; None if it got no such data.

    The data may have been deleted.
    """
    given = files_of(request)["inputs"]
    for declared in document["inputs"]:
        reference = given.get(declared["name"])
        if declared["type"].rpartition(".")[2] == VIDEO_TYPE and reference is not None and reference.data_id:
            return reference.data_id
    return None
