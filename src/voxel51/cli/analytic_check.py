"""Checks of an analytic before it is used.

They are about the manifest, the result, equal results also after an interruption and from a warm process, what happens
with unusable videos, the memory for a long video, and cancellation.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voxel51.labels.validate import image_labels_file_problems, video_labels_file_problems
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.manifests import problems_of

if TYPE_CHECKING:
    from voxel51.runners.local_progress import LocalProgress
    from voxel51.runners.local_run import LocalEnd


_FRAMES = 50
"""Frames of the sample video: two seconds."""

_LONG = 8
"""Length of the long sample video, as a multiple of the other."""

_GROWTH_BYTES = 32 << 20
"""Memory that a long video may need beyond a short one. Its further frames take 80 MB, so keeping them is found."""

_CANCEL_AT = 0.02


class LocalAnalytic(Protocol):
    """Analytic to check."""

    document: AnalyticDocument

    def run(
        self,
        inputs: Mapping[str, Path],
        parameters: Mapping[str, object],
        folder: Path,
        *,
        progress: "LocalProgress | None" = None,
        is_warm: bool = False,
        stop_at: float | None = None,
    ) -> "LocalEnd":
        """Run it in ``folder``; see `voxel51.runners.local_run.LocalRun`."""


@dataclass(frozen=True, slots=True)
class AnalyticCheck:
    """Result of one check: whether it passed, and a sentence."""

    name: str
    is_passed: bool
    detail: str


def checks(
    source: LocalAnalytic, video: Path | None, parameters: Mapping[str, object], folder: Path
) -> Iterator[AnalyticCheck]:
    """Run all checks in the empty ``folder``, and yield each result as soon as it is known.

    ``video`` is the video to check with; None: a generated one. An analytic without a video input is run only if none
    of its inputs is required.
    """
    problems = problems_of(source.document)
    yield AnalyticCheck("manifest", not problems, "; ".join(problems) or "valid")
    inputs = source.document["inputs"]
    name = next((each["name"] for each in inputs if each["type"] == "types.Video"), None)
    if name is None or any(each["required"] and each["name"] != name for each in inputs):
        yield AnalyticCheck("run", True, "left out: it needs other inputs than one video")
        return
    sample = video or sample_video(folder / "sample.mp4")
    first = source.run({name: sample}, parameters, folder / "first")
    yield AnalyticCheck("run", first.is_complete, first.reason or f"completed on {sample.name}")
    if not first.is_complete:
        return
    yield _output_check(source.document, first)
    yield _progress_check(first)
    yield from _repetition_checks(source, {name: sample}, parameters, folder, first)
    yield _unusable_check(source, name, parameters, folder)
    yield _truncated_check(source, name, parameters, folder, sample)
    long = video
    if long is None:
        long = sample_video(folder / "long.mp4", _LONG * _FRAMES)
        yield _memory_check(first, source.run({name: long}, parameters, folder / "long"))
    yield _cancel_check(source, {name: long}, parameters, folder / "cancelled")


def sample_video(path: Path, frames: int = _FRAMES) -> Path:
    """Write a video, 320 by 240, in which a bright square moves over a dark ground, again every two seconds."""
    import av
    import numpy as np

    from voxel51.labels.media.video_writer import video_writer

    with video_writer(path, (320, 240), 25.0) as writer:
        for index in range(frames):
            image = np.full((240, 320, 3), 40, np.uint8)
            left = 20 + 4 * (index % _FRAMES)
            image[90:150, left : left + 60] = 230
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
            writer.add(frame, index / 25)
        writer.finish()
    return path


def _output_check(document: AnalyticDocument, end: "LocalEnd") -> AnalyticCheck:
    kept = [each["type"] for each in document["outputs"] if not each["post_as_data"]]
    problems = []
    if end.output is not None and not document["zip_outputs"]:
        validate = {"types.VideoLabels": video_labels_file_problems, "types.ImageLabels": image_labels_file_problems}
        problems = [str(each) for each in validate[kept[0]](end.output)] if kept[0] in validate else []
    files = len(end.data) + (end.output is not None)
    return AnalyticCheck("output", not problems, "; ".join(problems[:5]) or f"{files} valid {_plural(files, 'file')}")


def _progress_check(end: "LocalEnd") -> AnalyticCheck:
    if end.fraction == 1:
        return AnalyticCheck("progress", True, "reported up to 100 %")
    return AnalyticCheck("progress", False, "the end was not reported: read the video to its end, or call job.progress")


def _equality_check(first: "LocalEnd", second: "LocalEnd") -> AnalyticCheck:
    is_equal = second.is_complete and _contents(first) == _contents(second)
    fix = "differs from the first: look for random numbers, times, sets and threads"
    return AnalyticCheck(
        "equal results", is_equal, "a second run gave the same bytes" if is_equal else f"a second {fix}"
    )


def _repetition_checks(
    source: LocalAnalytic,
    inputs: Mapping[str, Path],
    parameters: Mapping[str, object],
    folder: Path,
    first: "LocalEnd",
) -> Iterator[AnalyticCheck]:
    """Yield the checks that further runs give the bytes of the ``first``, in all ways in which a platform runs it."""
    from voxel51.runners.local_progress import LocalProgress

    progress = LocalProgress()
    yield _equality_check(first, source.run(inputs, parameters, folder / "second", progress=progress))
    if progress.checkpoints:
        middle = (progress.checkpoints + 1) // 2
        resumed = source.run(inputs, parameters, folder / "resumed", progress=LocalProgress(middle))
        text = f"ended after {middle} of {progress.checkpoints} checkpoints, it went on"
        yield _resuming_check(first, resumed, text)
    if source.document.get("extensions", {}).get("warm"):
        yield _warm_check(first, source.run(inputs, parameters, folder / "warm", is_warm=True))


def _resuming_check(first: "LocalEnd", resumed: "LocalEnd", text: str) -> AnalyticCheck:
    if not resumed.is_complete:
        return AnalyticCheck("checkpoints", False, f"{text} and failed: {resumed.reason}")
    if _contents(first) != _contents(resumed):
        fix = "save everything that later frames depend on"
        return AnalyticCheck("checkpoints", False, f"{text} with another result: {fix}")
    return AnalyticCheck("checkpoints", True, f"{text} with the same bytes")


def _warm_check(first: "LocalEnd", warm: "LocalEnd") -> AnalyticCheck:
    if not warm.is_complete:
        return AnalyticCheck("warm", False, warm.reason)
    is_equal = _contents(first) == _contents(warm)
    fix = "another result than without: setup() must not depend on a job, and leave no threads that process() needs"
    return AnalyticCheck("warm", is_equal, "a job on a kept setup() gave " + ("the same bytes" if is_equal else fix))


def _contents(end: "LocalEnd") -> list[bytes]:
    paths = [*([end.output] if end.output else []), *end.data]
    return [path.read_bytes() for path in paths]


def _unusable_check(source: LocalAnalytic, name: str, parameters: Mapping[str, object], folder: Path) -> AnalyticCheck:
    path = folder / "no-video.mp4"
    path.write_text("This is not a video.")
    end = source.run({name: path}, parameters, folder / "unusable")
    if end.is_complete:
        return AnalyticCheck("unusable file", False, "a file that is not a video was accepted; raise InvalidInput")
    is_users = end.failure_type == "USER"
    return AnalyticCheck("unusable file", is_users, f"{end.failure_type}: {end.reason}")


def _truncated_check(
    source: LocalAnalytic, name: str, parameters: Mapping[str, object], folder: Path, sample: Path
) -> AnalyticCheck:
    path, content = folder / f"truncated{sample.suffix}", sample.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    end = source.run({name: path}, parameters, folder / "truncated")
    is_passed = end.is_complete or end.failure_type == "USER"
    return AnalyticCheck(
        "truncated video", is_passed, end.reason or "; ".join(end.warnings) or "completed without a warning"
    )


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _memory_check(short: "LocalEnd", long: "LocalEnd") -> AnalyticCheck:
    """Return whether the memory of a run is independent of the length of the video."""
    if not long.is_complete:
        return AnalyticCheck("memory", False, f"a video of {_LONG} times the length failed: {long.reason}")
    if short.peak_memory_bytes is None or long.peak_memory_bytes is None:
        return AnalyticCheck("memory", True, "left out: it is not known on this system")
    growth = long.peak_memory_bytes - short.peak_memory_bytes
    sizes = f"{short.peak_memory_bytes >> 20} MiB, and {long.peak_memory_bytes >> 20} MiB for {_LONG} times the length"
    fix = "" if growth <= _GROWTH_BYTES else ": keep results of frames, not the frames"
    return AnalyticCheck("memory", not fix, sizes + fix)


def _cancel_check(
    source: LocalAnalytic, inputs: Mapping[str, Path], parameters: Mapping[str, object], folder: Path
) -> AnalyticCheck:
    """Return whether the analytic ends soon after it was cancelled in the middle of its work."""
    started = time.monotonic()
    end = source.run(inputs, parameters, folder, stop_at=_CANCEL_AT)
    if not end.is_stopped:
        text = "left out: it completed first" if end.is_complete else end.reason
        return AnalyticCheck("cancel", end.is_complete, text)
    return AnalyticCheck(
        "cancel", True, f"ended when it was cancelled, {time.monotonic() - started:.1f} s after its start"
    )
