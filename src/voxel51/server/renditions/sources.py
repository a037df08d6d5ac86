"""Sources of renditions: data, the labels of a job with the video that the job analysed, or a dataset."""

from dataclasses import dataclass

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.data.service import DataService
from voxel51.server.datasets.service import Dataset, DatasetService
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.service import JobService
from voxel51.server.renditions.specs import Arguments, RenditionSpec
from voxel51.server.reviews.service import ReviewFiles
from voxel51.server.storage.integrity import intact_size_bytes
from voxel51.server.storage.storage import Storage
from voxel51.wire.datasets import DatasetVideoSource
from voxel51.wire.jobs import DATA_ID_FIELD, JOB_ID_FIELD, REVIEW_ID_FIELD


@dataclass(frozen=True, slots=True)
class SqlSource:
    """Labels of many jobs of one owner, as a query reads them.

    Attributes:
        owner_id: id of the owner.
        inputs: inputs of the internal job: the Parquet files of the jobs.
        parameters: parameters of the internal job: ``tables``, which names the inputs.
    """

    owner_id: str
    inputs: dict[str, dict[str, str]]
    parameters: dict[str, object]


@dataclass(frozen=True, slots=True)
class RenditionSource:
    """Data, job, dataset or labels that a rendition is made of. All but one are None."""

    data_id: str | None
    job_id: str | None
    dataset_id: str | None = None
    sql: SqlSource | None = None

    @property
    def key(self) -> str:
        """Unique name of the source."""
        if self.sql is not None:
            return f"sql:{self.sql.owner_id}"
        if self.dataset_id is not None:
            return f"dataset:{self.dataset_id}"
        return f"data:{self.data_id}" if self.data_id is not None else f"job:{self.job_id}"


class SourceResolver:
    """Finds the files that a rendition is made of, and refuses sources that cannot be used."""

    def __init__(
        self,
        data: DataService,
        jobs: JobService,
        analytics: AnalyticService,
        datasets: DatasetService,
        reviews: ReviewFiles,
        storage: Storage,
    ) -> None:
        self._storage = storage
        self._data = data
        self._jobs = jobs
        self._analytics = analytics
        self._datasets = datasets
        self._reviews = reviews

    def check(self, owner: User, source: RenditionSource) -> None:
        """Raise an error unless the source exists and belongs to the owner.

        Raises:
            NotFound: the owner has no such data, job or dataset.
            BadRequest: the job has no labels, or none yet.
        """
        if source.sql is not None:
            if source.sql.owner_id != owner.id:
                raise NotFound("These labels belong to another user")
        elif source.dataset_id is not None:
            self._datasets.record(owner, source.dataset_id)
        elif source.data_id is not None:
            self._data.find(owner.id, source.data_id)
        else:
            self._check_labels(owner, str(source.job_id))

    def inputs(
        self, owner: User, source: RenditionSource, spec: RenditionSpec, arguments: Arguments
    ) -> dict[str, dict[str, str]]:
        """Return the inputs of the job that makes the rendition, by name: ``video``, ``labels``, ``others``.

        Those of a dataset are named by `dataset_videos`.

        Raises:
            NotFound, BadRequest: an input does not exist or belongs to another user; the text says which.
            Lost: the stored file of an input is missing or damaged.
        """
        if source.sql is not None:
            return source.sql.inputs
        if source.dataset_id is not None:
            return _dataset_inputs(self._datasets.find(owner, source.dataset_id))
        if source.data_id is not None:
            return {"video": {DATA_ID_FIELD: self._intact(owner, source.data_id)}}
        job_id = str(source.job_id)
        intact_size_bytes(self._jobs.output(owner.id, job_id), self._storage)
        inputs: dict[str, dict[str, str]] = {"labels": {JOB_ID_FIELD: job_id}}
        if "review" in arguments:
            inputs["labels"] = self._review(owner, str(arguments["review"]), job_id)
        if spec.needs_video:
            inputs["video"] = {DATA_ID_FIELD: self._video_of(owner, job_id)}
        if "truth" in arguments:
            inputs["others"] = {DATA_ID_FIELD: self._intact(owner, str(arguments["truth"]))}
        for name in ("truth_review", "with_review"):
            if name in arguments:
                inputs["others"] = self._review(owner, str(arguments[name]))
        if "with" in arguments:
            other_job_id = str(arguments["with"])
            self._check_labels(owner, other_job_id)
            inputs["others"] = {JOB_ID_FIELD: other_job_id}
        return inputs

    def parameters(self, owner: User, source: RenditionSource) -> dict[str, object]:
        """Return the parameters of the job that makes the rendition, besides its kind and arguments.

        Raises:
            NotFound: the owner has no such dataset.
        """
        if source.sql is not None:
            return source.sql.parameters
        if source.dataset_id is None:
            return {}
        dataset = self._datasets.find(owner, source.dataset_id)
        videos = dataset_videos(dataset)
        return {"dataset": {"name": dataset.name, "definition": dataset.definition, "videos": videos}}

    def _review(self, owner: User, review_id: str, job_id: str | None = None) -> dict[str, str]:
        intact_size_bytes(self._reviews.labels_of(owner.id, review_id, job_id), self._storage)
        return {REVIEW_ID_FIELD: review_id}

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
        data_id = video_of(job["request"], document)
        if data_id is None:
            raise BadRequest(f"Job '{job_id}' has no video among its inputs")
        try:
            return self._intact(owner, data_id)
        except NotFound:
            raise NotFound(f"The video of job '{job_id}' was deleted or has expired; its labels still exist") from None


def dataset_videos(dataset: Dataset) -> list[DatasetVideoSource]:
    """Return the videos of a dataset, with the names of the inputs of the job that makes its archive."""
    videos: dict[str, DatasetVideoSource] = {}
    for position, job in enumerate(dataset.jobs):
        if job.video_key not in videos:
            videos[job.video_key] = {
                "key": job.video_key,
                "name": job.video_name,
                "video": None if job.data_id is None else f"video-{len(videos)}",
                "labels": [],
                "job_ids": [],
            }
        videos[job.video_key]["labels"].append(f"labels-{position}")
        videos[job.video_key]["job_ids"].append(job.job_id)
    return [*videos.values()]


def _dataset_inputs(dataset: Dataset) -> dict[str, dict[str, str]]:
    data_ids = {job.video_key: job.data_id for job in dataset.jobs}
    inputs: dict[str, dict[str, str]] = {}
    for video in dataset_videos(dataset):
        inputs |= {name: {JOB_ID_FIELD: job_id} for name, job_id in zip(video["labels"], video["job_ids"], strict=True)}
        data_id = data_ids[video["key"]]
        if video["video"] is not None and data_id is not None:
            inputs[video["video"]] = {DATA_ID_FIELD: data_id}
    return inputs
