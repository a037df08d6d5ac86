"""Pipelines: documents that describe several analytics, each with the outputs of others as inputs, and their runs."""

from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.jobs import InputReference
from voxel51.wire.scheduling import SchedulingOptions

SCHEMA_VERSION = 1
"""Version of the schema of pipeline documents that this platform writes, and the newest that it reads."""

MAX_STEPS = 30
"""Most steps of a pipeline."""

MAX_PIPELINES = 200
"""Most pipelines of one user."""

KEPT_VERSIONS = 100
"""Number of versions of a pipeline that are kept: the newest. Runs of earlier ones stay."""

KEPT_RUNS = 1000
"""Number of runs that are kept per user; the oldest that have ended are deleted first, and their jobs stay."""


class ValueType(StrEnum):
    """Type of a parameter of a pipeline: those that parameters of analytics have."""

    NUMBER = "Number"
    INTEGER = "Integer"
    BOOLEAN = "Boolean"
    STRING = "String"
    ARRAY = "Array"


class PipelineInput(TypedDict):
    """Input of a pipeline: a file. ``type`` is that of the inputs of its steps; default: ``Video``."""

    name: str
    type: NotRequired[str]
    description: NotRequired[str]


class PipelineParameter(TypedDict):
    """Parameter of a pipeline. ``type`` is a `ValueType`. Without a ``default``, each run must set it."""

    name: str
    type: str
    default: NotRequired[Any]  # any JSON value, as `type` says
    description: NotRequired[str]


class StepInput(TypedDict, total=False):
    """Source of an input of a step: exactly one of the keys, an input of the pipeline or the output of a step."""

    input: str
    step: str


class PipelineStep(TypedDict):
    """Step of a pipeline: a job of ``analytic``, in its latest version unless ``version`` is given.

    ``inputs`` maps each input of the analytic to its source. A parameter is a value, or ``{"parameter": NAME}`` for the
    value of a parameter of the pipeline.
    """

    name: str
    analytic: str
    version: NotRequired[str]
    compute_mode: NotRequired[str]
    inputs: NotRequired[dict[str, StepInput]]
    parameters: NotRequired[JsonObject]


class PipelineOutput(TypedDict):
    """Output of a pipeline: that of a step, under a name."""

    name: str
    step: str
    description: NotRequired[str]


class PipelineDocument(TypedDict):
    """Description of a pipeline, to be stored and shared.

    Without ``outputs``, the output of each step that no other step takes is one, under the name of the step. Names of
    inputs, parameters and steps have letters, digits, ``_`` and ``-``.
    """

    schema_version: int
    name: str
    steps: list[PipelineStep]
    description: NotRequired[str]
    inputs: NotRequired[list[PipelineInput]]
    parameters: NotRequired[list[PipelineParameter]]
    outputs: NotRequired[list[PipelineOutput]]


class NewPipeline(TypedDict):
    """Body of ``POST pipelines``. If the caller has a pipeline of that name, a changed document is a new version."""

    document: JsonObject


class Pipeline(TypedDict):
    """One pipeline in a version: the latest, unless the request names another.

    ``owner`` is a username. Without ``is_own``, the owner shares the pipeline with the caller.
    """

    id: str
    name: str
    owner: str
    is_own: bool
    version: int
    latest_version: int
    description: str
    steps: int
    created_date: str
    version_date: str


class PipelineWithDocument(Pipeline):
    """One pipeline with the document of its version. In that of another user, analytics are named with their owners."""

    document: PipelineDocument


class PipelineDetails(TypedDict):
    """Response of ``POST pipelines`` and ``GET pipelines/<id>``."""

    pipeline: PipelineWithDocument


class PipelineList(TypedDict):
    """Response of ``GET pipelines``, in the order of their names."""

    pipelines: list[Pipeline]


class PipelineVersion(TypedDict):
    """One version of a pipeline."""

    version: int
    created_date: str
    steps: int


class PipelineVersionList(TypedDict):
    """Response of ``GET pipelines/<id>/versions``, the newest first."""

    versions: list[PipelineVersion]


class PipelineShare(TypedDict):
    """User with whom a pipeline is shared."""

    username: str


class PipelineShareList(TypedDict):
    """Response of ``GET pipelines/<id>/shares``, in the order of the usernames."""

    shares: list[PipelineShare]


class NewPipelineRun(TypedDict, total=False):
    """Body of ``POST pipelines/<id>/runs``.

    ``inputs`` has a file for each input of the pipeline, ``parameters`` values of its parameters. ``version`` is that
    of the pipeline; default: the latest. ``scheduling`` is for each job of the run. With ``reuse_result``, steps with
    an equal result that was computed before get a copy of it, so that only what changed is computed.
    """

    inputs: dict[str, InputReference]
    parameters: JsonObject
    version: int
    name: str
    scheduling: SchedulingOptions
    reuse_result: bool


class PipelineRunState(StrEnum):
    """State of a run: RUNNING until all of its jobs have ended. CANCELLED: its owner cancelled it."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class PipelineRunStep(TypedDict):
    """Step of a run and its job.

    ``needs`` are the steps whose output it takes. ``state`` is the state of the job; FAILED if it was deleted.
    ``progress`` is from 0 to 1, ``weight`` the share of the step in the progress of the run, by the run time that was
    predicted when the run began; the weights of a run are 1 together. ``reused`` is a `ReusedFrom` if the output is a
    copy of an earlier one; null if the job ran or is to run. ``message`` says why the job failed, ``waiting_reason``
    why it does not start; the latter is present where one run is requested.
    """

    name: str
    analytic: str
    version: str
    needs: list[str]
    job_id: str
    state: str
    progress: float
    weight: float
    reused: str | None
    expired: bool
    start_date: str | None
    end_date: str | None
    message: str | None
    waiting_reason: NotRequired[str | None]


class PipelineRun(TypedDict):
    """One run of a pipeline. ``pipeline_id`` is null if the pipeline was deleted; its share may have ended since.
    ``progress`` is from 0 to 1, and the sum of that of the steps by their weights.

    ``outputs`` maps the name of each output to the id of the job that makes it. Runs that a schedule started at the
    same due time have the same ``group_id``; others have none.
    """

    id: str
    name: str
    state: str
    progress: float
    pipeline_id: str | None
    pipeline: str
    version: int
    group_id: str | None
    inputs: dict[str, InputReference]
    parameters: JsonObject
    scheduling: SchedulingOptions | None
    created_date: str
    end_date: str | None
    steps: list[PipelineRunStep]
    outputs: dict[str, str]


class PipelineRunDetails(TypedDict):
    """Response of ``POST pipelines/<id>/runs``, ``GET pipeline-runs/<id>`` and of changes of a run."""

    run: PipelineRun


class PipelineRunList(TypedDict):
    """Response of ``GET pipeline-runs``, the newest first."""

    runs: list[PipelineRun]
    next_cursor: str | None
