"""Results of an analytic: the output that a return annotation declares, and how the returned value becomes its file."""

import typing
from collections.abc import Generator, Iterable, Iterator
from typing import Protocol, TypeVar

from voxel51.labels.files import write_document
from voxel51.labels.image import ImageLabels
from voxel51.labels.video import VideoFrame, VideoLabels
from voxel51.platform.arguments import labels_output, output
from voxel51.platform.errors import InvalidAnalytic
from voxel51.platform.job import Job
from voxel51.platform.job_labels import LABELS_OUTPUT, job_labels
from voxel51.platform.signature import Signature
from voxel51.platform.video import Video
from voxel51.wire.analytics import AnalyticOutput

_Result = TypeVar("_Result")

_ITERATORS = (Iterator, Iterable, Generator)


class JobResult(Protocol):
    """Result of a function, as its return annotation declares it."""

    def outputs(self) -> list[AnalyticOutput]:
        """Return the outputs that it declares."""

    def store(self, result: object, job: Job, video: Video | None) -> None:
        """Write ``result`` to the job's output. ``video`` is the first video that was analysed."""


def job_result(signature: Signature) -> JobResult:
    """Return what the return annotation stands for.

    Raises:
        InvalidAnalytic: the annotation is not supported.
    """
    returned, description = signature.returned, signature.returned_description
    if returned is None:
        return _Nothing()
    if returned is VideoLabels:
        return _ReturnedVideoLabels(description)
    if typing.get_origin(returned) in _ITERATORS and typing.get_args(returned)[0] is VideoFrame:
        return _YieldedFrames(description)
    if returned is ImageLabels:
        return _ReturnedFile("types.ImageLabels", LABELS_OUTPUT, description or "The labels of the image.", ImageLabels)
    if returned is dict:
        return _ReturnedFile("types.JSONFile", "result", description or "The result.", dict)
    name = getattr(returned, "__name__", None) or str(returned)
    fix = (
        "Return VideoLabels, Iterator[VideoFrame], ImageLabels, dict or None, and write files to arguments with "
        "OutputFile"
    )
    raise InvalidAnalytic(signature.place, f"the function returns {name}, which cannot become an output. {fix}")


class _Nothing:
    def outputs(self) -> list[AnalyticOutput]:
        return []

    def store(self, result: object, job: Job, video: Video | None) -> None:
        """Do nothing: the function wrote its outputs itself."""


class _ReturnedVideoLabels:
    def __init__(self, description: str) -> None:
        self._description = description

    def outputs(self) -> list[AnalyticOutput]:
        return [labels_output(self._description)]

    def store(self, result: object, job: Job, video: Video | None) -> None:
        labels = _checked(result, VideoLabels)
        if video is None:
            labels.provenance = job.provenance()
        else:
            labels.filename = labels.filename or video.filename
            video.write_metadata(labels)
        labels.to_file(job.output(LABELS_OUTPUT))


class _YieldedFrames:
    """Frames of a generator function: each is written, and shown while the job runs."""

    def __init__(self, description: str) -> None:
        self._description = description

    def outputs(self) -> list[AnalyticOutput]:
        return [labels_output(self._description)]

    def store(self, result: object, job: Job, video: Video | None) -> None:
        with job_labels(job, video.filename if video else None) as labels:
            for frame in _checked(result, Iterable):  # type: ignore[type-abstract]
                labels.add_frame(_checked(frame, VideoFrame))
            if video is None:
                labels.provenance = job.provenance()
            else:
                video.write_metadata(labels)


class _ReturnedFile:
    def __init__(
        self, kind: str, name: str, description: str, expected: type[ImageLabels] | type[dict[str, object]]
    ) -> None:
        self._output = output(name, kind, f"{name}.json", description)
        self._expected = expected

    def outputs(self) -> list[AnalyticOutput]:
        return [self._output]

    def store(self, result: object, job: Job, video: Video | None) -> None:  # noqa: ARG002  (says nothing about it)
        value = _checked(result, self._expected)
        path = job.output(self._output["name"])
        if isinstance(value, ImageLabels):
            value.to_file(path)
        else:
            write_document(value, path)


def _checked(result: object, expected: type[_Result]) -> _Result:
    if not isinstance(result, expected):
        raise TypeError(f"the analytic must return {expected.__name__}, as annotated; it returned {result!r:.100}")
    return result
