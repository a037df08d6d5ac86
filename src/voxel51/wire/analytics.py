"""Analytics: what they are called, how they are described, how they are listed."""

from enum import StrEnum
from typing import Any, NotRequired, Required, TypedDict


class AnalyticType(StrEnum):
    """How an analytic is run."""

    PLATFORM = "PLATFORM"
    IMAGE_TO_VIDEO = "IMAGE_TO_VIDEO"


class AnalyticImageType(StrEnum):
    """Which container image of an analytic is meant."""

    CPU = "CPU"
    GPU = "GPU"


class AnalyticScope(StrEnum):
    """Who may see and run an analytic."""

    PUBLIC = "public"
    USER = "user"
    APPLICATION = "application"


class AnalyticImage(TypedDict):
    """A container image that was uploaded. ``format`` says what kind of archive it is."""

    type: str
    format: str
    size_bytes: int
    upload_date: str


class AnalyticRecord(TypedDict, total=False):
    """One version of an analytic, as listed. Queries return only the fields that were asked for.

    ``images`` are told to the owner of one that was uploaded, by ``GET analytics/<id>`` alone.
    """

    id: Required[str]
    name: str
    version: str
    scope: str
    supports_cpu: bool
    supports_gpu: bool
    pending: bool
    upload_date: str
    description: str
    is_image_to_video: bool
    images: list[AnalyticImage]


class AnalyticResponse(TypedDict):
    """Answer of ``POST analytics``."""

    analytic: AnalyticRecord


class AnalyticInfo(TypedDict):
    """Heading of an analytic document."""

    name: str
    version: str
    description: str
    supports_cpu: bool
    supports_gpu: bool


class AnalyticInput(TypedDict):
    """A file that a job of the analytic is given. ``type`` is a label-library class name, e.g. ``types.Video``."""

    name: str
    type: str
    description: str
    required: bool


class AnalyticParameter(TypedDict):
    """A value that a job of the analytic may be given."""

    name: str
    type: str
    description: str
    placeholder: str
    required: bool
    default: NotRequired[Any]


class AnalyticOutput(TypedDict):
    """A file that a job of the analytic leaves. ``post_as_data`` ones become data of the job's owner."""

    name: str
    type: str
    description: str
    filename: str
    post_as_data: bool
    schema: dict[str, Any] | None


class ParameterRange(TypedDict, total=False):
    """What values a parameter takes, beyond its type. Bounds are inclusive."""

    minimum: float
    maximum: float
    choices: list[Any]


class AnalyticExtensions(TypedDict, total=False):
    """What the old document had no place for; kept under one key that old readers never look at."""

    parameters: dict[str, ParameterRange]
    limitations: list[str]
    source: str
    licence: str


class AnalyticDocument(TypedDict):
    """The manifest of an analytic: what goes in, what can be set, what comes out."""

    info: AnalyticInfo
    inputs: list[AnalyticInput]
    parameters: list[AnalyticParameter]
    outputs: list[AnalyticOutput]
    zip_outputs: bool
    extensions: NotRequired[AnalyticExtensions]


class AnalyticList(TypedDict):
    """Answer of ``GET analytics`` and ``GET analytics/list``; ``count`` is the matches before offset and limit."""

    analytics: list[AnalyticRecord]
    count: int


class AnalyticDetails(TypedDict):
    """Answer of ``GET analytics/<id>``: the record beside the document, which clients of 2019-10 read from it."""

    analytic: AnalyticRecord
    info: AnalyticInfo
    inputs: list[AnalyticInput]
    parameters: list[AnalyticParameter]
    outputs: list[AnalyticOutput]
    zip_outputs: bool
    extensions: NotRequired[AnalyticExtensions]
