"""Calls of the client for reviews: versions of the labels of jobs, and scores of analytics against them."""

from collections.abc import Iterable, Mapping

from voxel51.users.calls import reviews
from voxel51.users.compound import CompoundCalls
from voxel51.users.downloading import FilePath
from voxel51.users.review_flows import complete_scores, save_labels
from voxel51.wire.reviews import ReviewDetails, ReviewRecord, ReviewScores


class ReviewCalls(CompoundCalls):
    """Mix-in with the calls for reviews."""

    def list_reviews(self, job_id: str | None = None) -> list[ReviewRecord]:
        """List the versions of the labels of a job, or of all your jobs, the newest first."""
        return self._send(reviews.list_all(job_id))

    def get_review(self, job_id: str, version: int) -> ReviewDetails:
        """Return the record of a version of the labels of a job, and its edits."""
        return self._send(reviews.details(job_id, version))

    def save_review(
        self,
        job_id: str,
        edits: Iterable[Mapping[str, object]],
        *,
        base: int,
        latest: int | None = None,
        note: str = "",
    ) -> ReviewRecord:
        """Save a new version of the labels of a job: the labels of the version ``base`` with these edits.

        A newer version than ``latest`` makes the platform refuse the save with status 409 and the changes.

        Args:
            job_id: id of the job.
            edits: edits, as in `voxel51.wire.reviews.Edit`.
            base: version to which they are applied; 0 is the output of the job.
            latest: newest version that you know; None: ``base``.
            note: remark on the version.
        """
        return self._send(reviews.save(job_id, edits, base, latest, note))

    def download_review(self, job_id: str, version: int, output_path: FilePath | None = None) -> FilePath:
        """Download the labels of a version, and return the path.

        Version 0 is the output of the job with a number for each track, by which edits name it. The default of
        ``output_path`` is ``labels.review-VERSION.json`` in the current folder.
        """
        return self._run(save_labels(job_id, version, output_path))

    def delete_review(self, job_id: str, version: int) -> None:
        """Delete a version of the labels of a job. Its number is not used again."""
        self._send(reviews.delete(job_id, version))

    def review_scores(self, analytic: str, overlap: float = 0.5) -> ReviewScores:
        """Return precision and recall of an analytic, by version and class, on the videos that you have reviewed.

        The platform evaluates the newest job of each version on each video; the call waits until it has.
        """
        return self._run(complete_scores(analytic, overlap))
