"""Analytics: their records, and the documents that describe their inputs, parameters and outputs."""

from enum import StrEnum
from typing import Any, NotRequired, Required, TypedDict

from voxel51.wire.bundles import Build
from voxel51.wire.documents import JsonObject
from voxel51.wire.network import NetworkAccess
from voxel51.wire.query import ListPage

ENTRY_POINT_GROUP = "voxel51.analytics"
"""Entry-point group by which an installed package offers analytics; the name of an entry is ``<owner>/<name>``."""


class AnalyticType(StrEnum):
    """Way in which an analytic is run."""

    PLATFORM = "PLATFORM"
    IMAGE_TO_VIDEO = "IMAGE_TO_VIDEO"


class AnalyticImageType(StrEnum):
    """Hardware that a container image of an analytic is built for."""

    CPU = "CPU"
    GPU = "GPU"


class AnalyticScope(StrEnum):
    """Users who can see and run an analytic."""

    PUBLIC = "public"
    USER = "user"
    APPLICATION = "application"


class AnalyticImage(TypedDict):
    """Uploaded container image. ``format`` is the type of the archive."""

    type: str
    format: str
    size_bytes: int
    upload_date: str


class WeightsFile(TypedDict):
    """File with model weights. ``name`` is the value of the parameter that selects these weights."""

    name: str
    sha256: str


class AnalyticRecord(TypedDict, total=False):
    """One version of an analytic. Queries return only the requested fields.

    ``unavailable_reason`` tells why no job can run the version; null if jobs can.
    ``latest`` is true for the version that a job gets which names none.
    ``images``, ``build``, ``weights`` and ``network`` are returned by ``GET analytics/<id>`` only: ``images`` and
    ``build`` to the owner of an uploaded analytic or a bundle, ``weights`` where a parameter selects model weights. It
    has, for the name of the parameter and each of its values, the file that a job takes at present. ``network`` is
    present where the manifest asks for network access.
    """

    id: Required[str]
    name: str
    version: str
    scope: str
    supports_cpu: bool
    supports_gpu: bool
    pending: bool
    latest: bool
    upload_date: str
    description: str
    is_image_to_video: bool
    unavailable_reason: str | None
    images: list[AnalyticImage]
    build: Build
    weights: dict[str, dict[str, WeightsFile]]
    network: NetworkAccess


class AnalyticModel(TypedDict):
    """Model that an analytic uses. ``accuracy`` has its measure in it, such as ``COCO mAP 22.9``."""

    name: str
    licence: str
    accuracy: NotRequired[str]


class RunCost(TypedDict):
    """Run time of an analytic on this platform, as measured on its last complete ``jobs``.

    ``seconds_per_minute`` are the seconds that one minute of video took.
    """

    seconds_per_minute: float
    jobs: int


class LatestResult(TypedDict):
    """Caller's latest result of an analytic. ``frame_count`` is the number of analysed frames; null if not reported."""

    job_id: str
    frame_count: int | None


class AnalyticFacts(TypedDict):
    """Facts that help to choose an analytic, beside its record.

    ``model`` is null for an analytic without one, or whose manifest names none; ``cost`` until it is measured.
    ``can_try`` says whether a job needs one video and nothing else, and can be limited to a part of it by the
    parameters ``start_seconds`` and ``end_seconds``.
    """

    model: AnalyticModel | None
    cost: RunCost | None
    latest_result: LatestResult | None
    can_try: bool


class AnalyticResponse(TypedDict):
    """Response of ``POST analytics``."""

    analytic: AnalyticRecord


class AnalyticInfo(TypedDict):
    """Heading of an analytic document."""

    name: str
    version: str
    description: str
    supports_cpu: bool
    supports_gpu: bool


class AnalyticInput(TypedDict):
    """Input of an analytic, a file. ``type`` is a class name of the label library, e.g. ``types.Video``."""

    name: str
    type: str
    description: str
    required: bool


class AnalyticParameter(TypedDict):
    """Parameter of an analytic."""

    name: str
    type: str
    description: str
    placeholder: str
    required: bool
    default: NotRequired[Any]  # any JSON value, as `type` says


class AnalyticOutput(TypedDict):
    """Output of an analytic, a file. With ``post_as_data`` it becomes data of the job's owner."""

    name: str
    type: str
    description: str
    filename: str
    post_as_data: bool
    schema: JsonObject | None


class ParameterRange(TypedDict, total=False):
    """Valid values of a parameter, beyond its type. Bounds are inclusive."""

    minimum: float
    maximum: float
    choices: list[Any]  # any JSON values, as the parameter's type says


class SplitKind(StrEnum):
    """Way in which the work of an analytic on one video can be split over frame ranges.

    ``per_frame``: the labels of a frame depend on that frame only. ``per_segment``: they depend on frames nearby.
    ``tracks``: numbers of objects continue from frame to frame, so the tracks of two parts are joined.
    """

    PER_FRAME = "per_frame"
    PER_SEGMENT = "per_segment"
    TRACKS = "tracks"


class SplitDeclaration(TypedDict):
    """Declaration that jobs of an analytic can be split: a `SplitKind`, and the seconds that a part reads before and
    after its own frames.
    """

    kind: str
    overlap_seconds: float


class AnalyticResources(TypedDict, total=False):
    """Resources that a job of an analytic needs; without a value, one processor, and one GPU if it uses any.

    ``gpus`` may be a fraction, for jobs that share one, and counts only for jobs that use a GPU. ``memory_bytes`` is
    counted by nodes of a cluster; it is not the memory limit of a job, which the operator sets.
    """

    cpus: float
    gpus: float
    memory_bytes: int


class AnalyticExtensions(TypedDict, total=False):
    """Additions to the original document, under one key that old readers ignore.

    ``secrets`` are the secrets that the analytic needs, each with its description. ``warm`` says whether the platform
    may keep what the analytic set up, for the next jobs of the same owner. ``deterministic`` says that equal jobs have
    equal results, so that a result may be used again (`voxel51.wire.run_keys`). ``network`` are the hosts that the
    analytic connects to, each with its port. ``split`` says that one job can run as parts of its video and a merge.
    ``resources`` are what a job needs of the node that runs it.
    """

    parameters: dict[str, ParameterRange]
    limitations: list[str]
    source: str
    licence: str
    model: AnalyticModel
    secrets: dict[str, str]
    warm: bool
    deterministic: bool
    network: list[str]
    split: SplitDeclaration
    resources: AnalyticResources


class AnalyticDocument(TypedDict):
    """Manifest of an analytic: its inputs, parameters and outputs."""

    info: AnalyticInfo
    inputs: list[AnalyticInput]
    parameters: list[AnalyticParameter]
    outputs: list[AnalyticOutput]
    zip_outputs: bool
    extensions: NotRequired[AnalyticExtensions]


class AnalyticList(ListPage):
    """Response of ``GET analytics`` and ``GET analytics/list``."""

    analytics: list[AnalyticRecord]


class AnalyticDetails(TypedDict):
    """Response of ``GET analytics/<id>``: the record, and the document, which clients of 2019-10 read from it."""

    analytic: AnalyticRecord
    info: AnalyticInfo
    inputs: list[AnalyticInput]
    parameters: list[AnalyticParameter]
    outputs: list[AnalyticOutput]
    zip_outputs: bool
    extensions: NotRequired[AnalyticExtensions]


def output_filename(document: AnalyticDocument) -> str:
    """Return the name of a job's output file; empty if the analytic produces none."""
    if document["zip_outputs"]:
        return "output.zip"
    kept = [output["filename"] for output in document["outputs"] if not output["post_as_data"]]
    return kept[0] if kept else ""
