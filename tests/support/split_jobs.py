"""Split jobs in tests: their services on those of jobs, with plans that a test makes, and parts that end as it says."""

import copy
import json
from typing import Any

from support.job_services import DOCUMENT, JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.attempts import Attempt, ClaimedAttempt, Settlement
from voxel51.server.split_jobs.advancer import SplitAdvancer
from voxel51.server.split_jobs.partial_labels import PartialLabelsCopier
from voxel51.server.split_jobs.plan import FrameRange
from voxel51.server.split_jobs.planner import SplitPlan, SplitPlanner
from voxel51.server.split_jobs.service import SplitService

ANALYTIC = "voxel51/divisible"
PARTIAL_BYTES = 20_000


class GivenPlans(SplitPlanner):
    """Planner for videos that no job has decoded: it returns ``plan``; None as long as that is not set."""

    def __init__(self) -> None:
        self.result: SplitPlan | None = None

    def plan(self, job: DatabaseRow, most_parts: int) -> SplitPlan | None:
        return self.result


def plan_of(*lengths: int) -> SplitPlan:
    """Return a plan with parts of these lengths."""
    ends = [sum(lengths[: number + 1]) for number in range(len(lengths))]
    ranges = [FrameRange(end - length + 1, end) for end, length in zip(ends, lengths, strict=True)]
    return SplitPlan(ranges, ends[-1], "a.json")


class SplitTestServices:
    """The services of split jobs."""

    def __init__(self, services: JobServices) -> None:
        self.jobs = services
        document: dict[str, Any] = copy.deepcopy(DOCUMENT)
        document["info"]["name"] = "divisible"
        document["extensions"] = {"split": {"kind": "per_frame", "overlap_seconds": 0}}
        services.analytics.install(
            [
                InstalledAnalytic("voxel51/count", DOCUMENT, preload_safe=True),
                InstalledAnalytic(ANALYTIC, document, preload_safe=True),
            ]
        )
        self.planner = GivenPlans()
        labels = PartialLabelsCopier(services.database, PARTIAL_BYTES)
        self.advancer = SplitAdvancer(
            services.database, services.storage, self.planner, labels, lambda: services.wakes.append("wake")
        )
        self.service = SplitService(services.database, services.jobs.submission)

    def request(self, user: User, split: object, analytic: str = ANALYTIC) -> bytes:
        """Return the request of a job on a new file."""
        inputs = {"video": {"data-id": self.jobs.add_data(user)}}
        return json.dumps({"analytic": analytic, "inputs": inputs, "split": split}).encode()

    def submit(self, user: User, *, auto_start: bool = True) -> str:
        """Submit a job that is to be split."""
        return self.jobs.jobs.submit(user, self.request(user, {"parts": 3}), "split", auto_start, None)["id"]

    def begin(self, user: User, *lengths: int) -> str:
        """Submit a job and queue its parts, which have these lengths."""
        job_id = self.submit(user)
        self.planner.result = plan_of(*lengths)
        self.advancer.advance()
        return job_id

    def claim(self, most: int = 10) -> list[Attempt]:
        """Claim up to ``most`` jobs, and let their attempts report that they run."""
        attempts = [self.authenticate(claim) for claim in self.jobs.attempts.claim(most)]
        for attempt in attempts:
            self.jobs.reports.report_state(attempt, "RUNNING", None)
        return attempts

    def authenticate(self, claim: ClaimedAttempt) -> Attempt:
        """Return the attempt of a claim, as a child process authenticates it."""
        return self.jobs.reports.authenticate(claim.credential, claim.job_id)

    def complete(self, attempt: Attempt, content: bytes = b"{}") -> None:
        """Let an attempt complete its job."""
        self.jobs.put_output(attempt, content)
        self.jobs.reports.report_state(attempt, "COMPLETE", None)
        self.settle(attempt)

    def settle(self, attempt: Attempt, settlement: Settlement = Settlement.ANALYTIC_FAILED, detail: str = "") -> None:
        """Settle an attempt, as the dispatcher does when its process has ended."""
        self.jobs.attempts.settle(attempt.id, settlement, detail)

    def number(self, attempt: Attempt) -> int | None:
        """Return the number of the part that an attempt runs; None if it runs a job."""
        part = self.jobs.tasks.describe(attempt).get("part")
        return None if part is None else part["number"]

    def job(self, user: User, job_id: str) -> Any:
        """Return the details of a job."""
        return self.jobs.jobs.details(user, job_id)

    def states(self, user: User, job_id: str) -> list[str]:
        """Return the states of the parts of a job."""
        return [part["state"] for part in self.job(user, job_id)["split"]["parts"]]
