"""Jobs of ``voxel51 run``: upload the videos and submit a job for each, unless an earlier run did so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.printing import Printer
from voxel51.cli.run_record import Run, RunRecord
from voxel51.users.api import API
from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord
from voxel51.wire.run_keys import Content

if TYPE_CHECKING:
    from voxel51.users.scheduling import Scheduling


@dataclass(frozen=True, slots=True)
class RunAnalytic:
    """The analytic to run, and the parameters of all its runs.

    Attributes:
        record: the record of the version that runs.
        document: the document of that version.
        given: the parameters of the command: JSON values, or paths of files.
        hashed: the same parameters, with `Content` instead of files.
    """

    record: AnalyticRecord
    document: AnalyticDocument
    given: Mapping[str, object]
    hashed: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """One video to process: its path, the SHA-256 of its bytes, and its run."""

    path: Path
    sha256: str
    run: Run


class Submission:
    """The submission of the jobs of one command. Each is divided into at most ``parts`` parts; None: it is not.

    Attributes:
        reuses_results: whether the platform copies equal results that it has computed before.
    """

    def __init__(
        self,
        api: API,
        printer: Printer,
        record: RunRecord,
        analytic: RunAnalytic,
        scheduling: "Scheduling | None" = None,
        parts: int | None = None,
    ) -> None:
        self.reuses_results = False
        self._scheduling = scheduling
        self._parts = parts
        self._api = api
        self._printer = printer
        self._record = record
        self._analytic = analytic

    def submit(self, tasks: Sequence[Task], *, is_fresh: bool) -> dict[str, list[Task]]:
        """Return job id -> tasks. Jobs of an earlier, interrupted run are used again unless ``is_fresh``."""
        from uuid import uuid4

        jobs: dict[str, list[Task]] = {}
        submitted: dict[tuple[str, str], str] = {}
        for task in tasks:
            run = (task.run.key, task.run.video)
            job_id = submitted.get(run) or (None if is_fresh else self._earlier_job(task))
            if job_id is None:
                job_id = self._submit(task, str(uuid4()))
            submitted[run] = job_id
            jobs.setdefault(job_id, []).append(task)
        return jobs

    def _earlier_job(self, task: Task) -> str | None:
        from voxel51.transport.errors import NotFound

        job_id = self._record.job_of(task.run) or self._submitted_again(task)
        if job_id is None:
            return None
        try:
            job = self._api.get_job_details(job_id)
        except NotFound:
            return None
        return None if job["state"] == "FAILED" or job.get("expired") else job_id

    def _submitted_again(self, task: Task) -> str | None:
        """Send a submission again that was interrupted before its job was recorded; return the job.

        None if no submission was interrupted, or it had other options.
        """
        from voxel51.transport.errors import APIError

        key = self._record.submission_of(task.run)
        try:
            return None if key is None else self._submit(task, key)
        except APIError as error:
            if error.code != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            return None

    def _submit(self, task: Task, idempotency_key: str) -> str:
        from voxel51.users.jobs import JobRequest
        from voxel51.users.running import default_job_name

        analytic = self._analytic
        # The version is named, because another one may be installed between the computation of the key and now.
        request = JobRequest(analytic.record["name"], version=analytic.record["version"])
        request.set_split(self._parts)
        request.reuse_result = self.reuses_results
        request.set_input(analytic.document["inputs"][0]["name"], data_id=self._uploaded(task.path, task.sha256))
        for name, value in analytic.given.items():
            content = analytic.hashed[name]
            if isinstance(value, Path) and isinstance(content, Content):
                request.set_data_parameter(name, data_id=self._uploaded(value, content.sha256))
            else:
                request.set_parameter(name, value)
        name = default_job_name(analytic.record["name"], task.path.name)
        self._record.set_submission(task.run, idempotency_key)  # before: the command may be interrupted at any time
        job = self._api.upload_job_request(
            request, name, auto_start=True, scheduling=self._scheduling, idempotency_key=idempotency_key
        )
        self._record.set_job(task.run, job["id"])
        return job["id"]

    def _uploaded(self, path: Path, sha256: str) -> str:
        """Return the id of the data with the content of a file, which is uploaded unless an earlier run did so."""
        data_id = self._record.data_of(sha256, path.name)
        if data_id is not None and self._sha256_on_platform(data_id) == sha256:
            return data_id
        self._printer.remark(f"Uploading '{path}'")
        data_id = self._api.upload_data(path, reuse=True)["id"]
        self._record.set_data(sha256, path.name, data_id)  # at once: the command may be interrupted any time
        if self._sha256_on_platform(data_id) not in {sha256, None}:
            self._api.delete_data(data_id)
            raise ValueError(f"{str(path)!r} changed while it was uploaded. Run the command again.")
        return data_id

    def _sha256_on_platform(self, data_id: str) -> str | None:
        from voxel51.transport.errors import NotFound

        try:
            return self._api.get_data_details(data_id).get("sha256")
        except NotFound:
            return None
