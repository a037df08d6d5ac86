"""Flows about reviews: download the labels of a version, and wait for the scores of an analytic."""

from voxel51.users.calls import reviews
from voxel51.users.downloading import FilePath, download
from voxel51.users.flows import Flow, Pause, fetch
from voxel51.wire.reviews import ReviewScores

_PAUSE_SECONDS = 0.5


def save_labels(job_id: str, version: int, path: FilePath | None) -> Flow[FilePath]:
    """Download the labels of a version, and return the path."""
    path = path or f"labels.review-{version}.json"
    yield from download(reviews.labels(job_id, version), path)
    return path


def complete_scores(analytic: str, overlap: float) -> Flow[ReviewScores]:
    """Return the scores of an analytic once all evaluations are made."""
    while True:
        scores = yield from fetch(reviews.scores(analytic, overlap))
        if not scores["pending"]:
            return scores
        yield Pause(_PAUSE_SECONDS)
