"""Calls about reviews: versions of the labels of jobs, and the scores of analytics against them."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from voxel51.users.calls.call import Call, delete_path, document, entry, get, path_segment, post_json
from voxel51.wire.reviews import ReviewDetails, ReviewRecord, ReviewScores


def list_all(job_id: str | None) -> Call[list[ReviewRecord]]:
    """List the versions of a job, or of all jobs, the newest first."""
    return get("reviews" if job_id is None else _of_job(job_id), entry("reviews"))


def details(job_id: str, version: int) -> Call[ReviewDetails]:
    """Get the record of a version with its edits."""
    return get(_of_version(job_id, version), document)


def save(
    job_id: str, edits: Iterable[Mapping[str, object]], base: int, latest: int | None, note: str
) -> Call[ReviewRecord]:
    """Save a new version."""
    request: dict[str, object] = {"base": base, "edits": [*edits], "note": note}
    if latest is not None:
        request["latest"] = latest
    return post_json(_of_job(job_id), entry("review"), request)


def labels(job_id: str, version: int) -> Call[bytes]:
    """Get the labels of a version."""
    return get(f"{_of_version(job_id, version)}/labels", bytes)


def delete(job_id: str, version: int) -> Call[None]:
    """Delete a version."""
    return delete_path(_of_version(job_id, version))


def scores(analytic: str, overlap: float) -> Call[ReviewScores]:
    """Get precision and recall of an analytic on reviewed videos, as far as they are known."""
    return get(f"reviews/scores?{urlencode({'analytic': analytic, 'overlap': overlap})}", document)


def _of_job(job_id: str) -> str:
    return f"jobs/{path_segment(job_id)}/reviews"


def _of_version(job_id: str, version: int) -> str:
    return f"{_of_job(job_id)}/{path_segment(str(version))}"
