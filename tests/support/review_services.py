"""Review services: the services of reviews beside those of jobs, and jobs with labels."""

import json
from dataclasses import dataclass

from support.job_services import JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.reviews.service import ReviewFiles, ReviewService
from voxel51.wire.reviews import Edit, NewReview, ReviewRecord


def car(number: int, index: int | None, x: float = 0.1) -> dict[str, object]:
    corners = {"top_left": {"x": x, "y": 0.2}, "bottom_right": {"x": x + 0.1, "y": 0.4}}
    return {"label": "car", "index": index, "frame_number": number, "bounding_box": corners}


LABELS = {
    "filename": "video.mp4",
    "provenance": {"analytic": "count"},
    "frames": {
        "1": {"frame_number": 1, "objects": {"objects": [car(1, 1), car(1, 2, 0.5)]}},
        "2": {"frame_number": 2, "objects": {"objects": [car(2, 1), car(2, None, 0.5)]}},
    },
}


@dataclass
class ReviewServices:
    """Services of reviews, beside those of jobs."""

    jobs: JobServices
    reviews: ReviewService
    files: ReviewFiles

    def finished_job(self, user: User, content: bytes = json.dumps(LABELS).encode()) -> str:
        """Submit a job of ``user`` that completes with ``content``; return its id."""
        job_id = self.jobs.submit(user)
        _, attempt = self.jobs.claim()
        self.jobs.reports.report_state(attempt, "RUNNING", None)
        self.jobs.put_output(attempt, content)
        self.jobs.reports.report_state(attempt, "COMPLETE", None)
        return job_id

    def save(self, user: User, job_id: str, base: int, *edits: Edit, **more: object) -> ReviewRecord:
        """Apply edits and save the version, as the route does."""
        new: NewReview = {"base": base, "edits": [*edits], **more}  # type: ignore[typeddict-item]
        return self.reviews.save(user, job_id, new, self.reviews.apply(user, job_id, new))

    def labels(self, user: User, job_id: str, version: int) -> dict[int, list[tuple[str, int, bool]]]:
        """Return label, number and whether accepted of the objects of a version, by frame."""
        content = b"".join(self.jobs.storage.read(self.reviews.labels(user, job_id, version).key))
        frames = json.loads(content)["frames"]
        return {
            int(number): [(each["label"], each["index"], "tags" in each) for each in frame["objects"]["objects"]]
            for number, frame in frames.items()
        }
