"""Split job routes: try the failed parts of a split job again."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.server.jobs.service import JobService
from voxel51.server.split_jobs.service import SplitService
from voxel51.wire.jobs import JobDetails


def split_routes(splits: SplitService, jobs: JobService) -> Iterable[Route]:
    """Return the routes of split jobs."""

    def retry(context: RequestContext[User]) -> JobDetails:
        job_id = splits.retry(context.caller, context.path_params["job_id"])
        return {"job": jobs.record(context.caller, job_id)}

    return [
        route("POST", "/jobs/{job_id}/retry-parts", retry,
              "Submit a failed split job again, with the parts that are complete", BY_USER, answers=JobDetails,
              status=201, errors=(400, 404, 503)),
    ]  # fmt: skip
