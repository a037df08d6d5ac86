"""Sources of renditions: data, or the labels of a job with the video that the job analysed."""

from dataclasses import dataclass

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.data.service import DataService
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.service import JobService
from voxel51.server.renditions.specs import Arguments, RenditionSpec
from voxel51.server.storage.integrity import intact_size_bytes
from voxel51.server.storage.storage import Storage
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.jobs import DATA_ID_FIELD, JOB_ID_FIELD

LABELS_TYPE = "VideoLabels"
VIDEO_TYPE = "Video"


@dataclass(frozen=True, slots=True)
class RenditionSource:
    """Data or job that a rendition is made of. One of the two ids is None."""

    data_id: str | None
    job_id: str | None

    @property
    def key(self) -> str:
        """Unique name of the source."""
        return f"data:{self.data_id}" if self.data_id is not None else f"job:{self.job_id}"


class SourceResolver:
    """Finds the files that a rendition is made of, and refuses sources that cannot be used."""

    def __init__(self, data: DataService, jobs: JobService, analytics: AnalyticService, storage: Storage) -> None:
        self._storage = storage
        self._data = data
        self._jobs = jobs
        self._analytics = analytics

    def check(self, owner: User, source: RenditionSource) -> None:
        """Raise an error unless the source exists and belongs to the owner.

        Raises:
            NotFound: the owner has no such data or job.
            BadRequest: the job has no labels, or none yet.
        """
        if source.data_id is not None:
            self._data.find(owner.id, source.data_id)
        else:
            self._check_labels(owner, str(source.job_id))

    def inputs(
        self, owner: User, source: RenditionSource, spec: RenditionSpec, arguments: Arguments
    ) -> dict[str, dict[str, str]]:
        """Return the inputs of the job that makes the rendition, by name: ``video``, ``labels``, ``others``.

        Raises:
            NotFound, BadRequest: an input does not exist or belongs to another user; the text says which.
            Lost: the stored file of an input is missing or damaged.
        """
        if source.data_id is not None:
            return {"video": {DATA_ID_FIELD: self._intact(owner, source.data_id)}}
        job_id = str(source.job_id)
        intact_size_bytes(self._jobs.output(owner.id, job_id), self._storage)
        inputs: dict[str, dict[str, str]] = {"labels": {JOB_ID_FIELD: job_id}}
        if spec.needs_video:
            inputs["video"] = {DATA_ID_FIELD: self._video_of(owner, job_id)}
        if "truth" in arguments:
            inputs["others"] = {DATA_ID_FIELD: self._intact(owner, str(arguments["truth"]))}
        if "with" in arguments:
            other_job_id = str(arguments["with"])
            self._check_labels(owner, other_job_id)
            inputs["others"] = {JOB_ID_FIELD: other_job_id}
        return inputs

    def _intact(self, owner: User, data_id: str) -> str:
        row = self._data.find(owner.id, data_id)
        self._data.check_intact(row)
        return data_id

    def _check_labels(self, owner: User, job_id: str) -> None:
        job = self._jobs.find(owner.id, job_id)
        self._jobs.output(owner.id, job_id)
        if not produces_labels(self._analytics.by_id(job["analytic_id"]).document):
            name = job["request"]["analytic"]
            raise BadRequest(f"The output of job '{job_id}' is not labels of a video, says its analytic '{name}'")

    def _video_of(self, owner: User, job_id: str) -> str:
        job = self._jobs.find(owner.id, job_id)
        document = self._analytics.by_id(job["analytic_id"]).document
        given = files_of(job["request"])["inputs"]
        for declared in document["inputs"]:
            reference = given.get(declared["name"])
            if declared["type"].rpartition(".")[2] == VIDEO_TYPE and reference is not None and reference.data_id:
                try:
                    return self._intact(owner, reference.data_id)
                except NotFound:
                    raise NotFound(
                        f"The video of job '{job_id}' was deleted or has expired; its labels still exist"
                    ) from None
        raise BadRequest(f"Job '{job_id}' has no video among its inputs")


def produces_labels(document: AnalyticDocument) -> bool:
    """Return whether the one output file of an analytic is labels of a video."""
    kept = [output for output in document["outputs"] if not output["post_as_data"]]
    return not document["zip_outputs"] and bool(kept) and kept[0]["type"].rpartition(".")[2] == LABELS_TYPE
