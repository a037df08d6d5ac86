"""Datasets: the labels of several jobs in one archive, as training and evaluation tools read them.

A dataset is defined by its jobs and a `DatasetDefinition`. `checked_definition` fills in defaults and rejects invalid
values, for the platform and for jobs alike.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NotRequired, TypedDict, cast

DATASET_FORMATS = ("coco", "cvat", "fiftyone", "mot", "parquet", "voc", "webdataset", "yolo")
"""Formats of datasets."""

SPLITS = ("train", "val", "test")
"""Names of the parts of a dataset, in this order."""

MAX_DATASET_JOBS = 2000
MAX_DATASET_NAME = 100
_MAX_CLASSES = 10_000
_LONGEST_LABEL = 255
_MAX_NAME_CHARACTERS = 200_000
"""Characters of all names in a definition: lists of datasets return the definitions of up to a thousand of them."""


class DatasetOptions(TypedDict):
    """Options of a dataset.

    Attributes:
        format: one of `DATASET_FORMATS`.
        images: whether the archive contains the frames as JPEG images; default: true.
        quality: JPEG quality of the images, 1 to 100; default: 90.
        every: 1 takes every frame, n frames 1, 1 + n, 1 + 2n and so on; default: 1.
        labelled_only: whether frames without a box are left out; default: false.
        classes: names of the classes in the order of their numbers; other labels are left out. Default: all labels, in
            alphabetical order.
        rename: label -> name of the class that it becomes. Applied before ``classes`` and ``drop``.
        drop: names of classes that are left out.
        split: name of a part -> its share of the videos; the shares add up to 1. Default: all in ``train``.
        seed: number that decides which video gets into which part; default: 0.
    """

    format: str
    images: NotRequired[bool]
    quality: NotRequired[int]
    every: NotRequired[int]
    labelled_only: NotRequired[bool]
    classes: NotRequired[list[str] | None]
    rename: NotRequired[dict[str, str]]
    drop: NotRequired[list[str]]
    split: NotRequired[dict[str, float]]
    seed: NotRequired[int]


class DatasetDefinition(TypedDict):
    """Options of a dataset, complete; see `DatasetOptions`."""

    format: str
    images: bool
    quality: int
    every: int
    labelled_only: bool
    classes: list[str] | None
    rename: dict[str, str]
    drop: list[str]
    split: dict[str, float]
    seed: int


class DatasetRequest(TypedDict):
    """Body of ``POST datasets``: the jobs, by ``jobs``, ``analytic`` or ``batch``, and the options.

    Attributes:
        name: name of the dataset, and of the archive.
        options: the options.
        jobs: ids of complete jobs whose output is labels of a video.
        analytic: full name of an analytic; takes the newest complete job of it on each video, instead of ``jobs``.
        data: ids of the videos, for ``analytic``; default: all videos.
        collection: id of a collection whose videos these are, instead of ``data``: those that belong to the caller.
        search: search of the caller's data, as in queries, that finds the videos, instead of ``data``.
        batch: id of a batch; takes the results of its items, computed or reused.
        parameter_set: position of a set of parameters, from 0; required for a batch that has several.
    """

    name: str
    options: DatasetOptions
    jobs: NotRequired[list[str]]
    analytic: NotRequired[str]
    data: NotRequired[list[str]]
    collection: NotRequired[str]
    search: NotRequired[str]
    batch: NotRequired[str]
    parameter_set: NotRequired[int]


class DatasetRecord(TypedDict):
    """Dataset. ``job_count`` is the number of its jobs."""

    id: str
    name: str
    definition: DatasetDefinition
    job_count: int
    creation_date: str


class DatasetDetails(TypedDict):
    """Response of ``POST datasets`` and ``GET datasets/<id>``."""

    dataset: DatasetRecord


class DatasetList(TypedDict):
    """Response of ``GET datasets``, the newest first."""

    datasets: list[DatasetRecord]


class DatasetPart(TypedDict):
    """Amounts of one part of a dataset."""

    videos: int
    frames: int
    boxes: int


class DatasetEstimate(TypedDict):
    """Amounts of a dataset before it is made.

    ``size_bytes`` is measured for the labels; for images it is estimated from frames that were encoded for it.
    ``classes`` is the number of boxes by class, in the order of the classes' numbers.
    """

    parts: dict[str, DatasetPart]
    classes: dict[str, int]
    size_bytes: int
    image_bytes: int


class DatasetVideoSource(TypedDict):
    """Video of a dataset, as the job that makes the dataset gets it.

    Attributes:
        key: what identifies the video; decides its part.
        name: file name of the video.
        video: name of the job's input with the video; null without images.
        labels: names of the job's inputs with labels of the video.
        job_ids: ids of the jobs that made the labels.
    """

    key: str
    name: str
    video: str | None
    labels: list[str]
    job_ids: list[str]


def checked_definition(options: Mapping[str, object]) -> DatasetDefinition:
    """Return the definition of a dataset: ``options`` with defaults filled in.

    Raises:
        ValueError: an option is unknown or invalid; the text names it.
    """
    unknown = sorted(options.keys() - DatasetDefinition.__annotations__.keys())
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}. Options: {', '.join(DatasetDefinition.__annotations__)}")
    name = options.get("format")
    if name not in DATASET_FORMATS:
        raise ValueError(f"'format' is one of {', '.join(DATASET_FORMATS)}, not {name!r:.100}")
    classes = None if options.get("classes") is None else _names("classes", options["classes"])
    drop, rename = _names("drop", options.get("drop") or []), _renamed(options.get("rename") or {})
    _check_length([*(classes or ()), *drop, *rename, *rename.values()])
    return {
        "format": str(name),
        "images": _flag(options, "images", default=True),
        "quality": _whole(options, "quality", 90, 1, 100),
        "every": _whole(options, "every", 1, 1, 1_000_000),
        "labelled_only": _flag(options, "labelled_only", default=False),
        "classes": classes,
        "rename": rename,
        "drop": drop,
        "split": _shares(options.get("split") or {SPLITS[0]: 1.0}),
        "seed": _whole(options, "seed", 0, 0, 2**53),
    }


def _flag(options: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"'{name}' is true or false, not {value!r:.100}")  # noqa: TRY004  (one error for all options)
    return value


def _whole(options: Mapping[str, object], name: str, default: int, low: int, high: int) -> int:
    value = options.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"'{name}' is a whole number, {low} to {high}, not {value!r:.100}")
    return value


def _names(option: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(_is_label(each) for each in value):
        raise ValueError(f"'{option}' is a list of names of 1 to {_LONGEST_LABEL} characters, not {value!r:.100}")
    if len(value) > _MAX_CLASSES:
        raise ValueError(f"'{option}' has {len(value)} names, more than {_MAX_CLASSES}")
    repeated = sorted(name for name, count in Counter(value).items() if count > 1)
    if repeated:
        raise ValueError(f"'{option}' names {repeated[0]!r} twice")
    return cast("list[str]", value)


def _renamed(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_is_label(each) for pair in value.items() for each in pair):
        raise ValueError(f"'rename' is an object of labels and names of classes, not {value!r:.100}")
    if len(value) > _MAX_CLASSES:
        raise ValueError(f"'rename' has {len(value)} labels, more than {_MAX_CLASSES}")
    return cast("dict[str, str]", value)


def _check_length(names: Iterable[str]) -> None:
    length = sum(map(len, names))
    if length > _MAX_NAME_CHARACTERS:
        raise ValueError(
            f"the names in 'classes', 'rename' and 'drop' have {length} characters together; the maximum is "
            f"{_MAX_NAME_CHARACTERS}. Leave some out"
        )


def _is_label(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_LABEL and value.isprintable()


def _shares(value: object) -> dict[str, float]:
    if not isinstance(value, dict) or not all(_is_share(each) for each in value.values()):
        raise ValueError(f"'split' is an object of parts and shares from 0 to 1, not {value!r:.100}")
    unknown = [name for name in value if name not in SPLITS]
    if unknown:
        raise ValueError(f"'split' has the part {unknown[0]!r:.100}; parts are {', '.join(SPLITS)}")
    shares = {name: float(value[name]) for name in SPLITS if value.get(name)}
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise ValueError(f"the shares of 'split' must add up to 1, not {sum(shares.values()):g}")
    return shares


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
