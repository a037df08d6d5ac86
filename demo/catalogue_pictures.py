"""Catalogue pictures: ``make catalogue-pictures`` runs each included analytic on the footage and draws one result.

The pictures are shown on the cards of the console's catalogue: WebP of `WIDTH` by `HEIGHT` pixels, at most `MAX_BYTES`.
Beside them is the sample video, for users who try an analytic and have no video at hand: a part of the same footage.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np

from demo.platform_process import PlatformProcess
from footage.fetch import fetch
from voxel51.labels.drawing_primitives import BACKGROUND, LIGHT_TEXT, Colour, DrawingStyle, colour_of, draw_objects
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.still_images import frame_at
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.media.video_writer import video_writer
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "voxel51" / "server" / "console" / "site" / "pictures"
DETECTOR = ROOT / "src" / "voxel51" / "analytics" / "object_tracks" / "nanodet-g.onnx"
WIDTH, HEIGHT = 384, 216
MAX_BYTES = 15_000
MAX_SECONDS = 600
SAMPLE_CLIP, SAMPLE_FRAMES, SAMPLE_SIZE = "bikes.mp4", range(77, 157), (432, 184)

_STYLE = DrawingStyle(line=1, letter=9)
_CHART_HEIGHT = 56
_GAP = 2

Draw = Callable[[Path, Path, int], Pixels]
"""Draws the result of a job: from the video, the output, and the number of a frame."""


@dataclass(frozen=True, slots=True)
class Example:
    """Result that is shown for an analytic.

    Attributes:
        analytic: name without its owner.
        clip: file name of the footage.
        draw: what is drawn of the result.
        number: number of the frame that is drawn.
        parameters: of the job, where they differ from the defaults.
        earlier: input -> analytic whose labels of the clip it is.
    """

    analytic: str
    clip: str
    draw: Draw
    number: int = 1
    parameters: Mapping[str, object] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)


def boxes(video: Path, output: Path, number: int) -> Pixels:
    """Draw the detections in one frame."""
    labels = VideoLabels.from_file(output)
    return _filling(frame_at(video, number).image(), WIDTH, HEIGHT, labels.objects_in(number))


def frame(_video: Path, output: Path, number: int) -> Pixels:
    """Draw one frame of an output that is a video."""
    return _filling(frame_at(output, number).image(), WIDTH, HEIGHT)


def keyframes(video: Path, output: Path, _number: int) -> Pixels:
    """Draw the keyframes of the first six shots."""
    shots = VideoLabels.from_file(output).events_labelled("shot")[:6]
    ranges = [shot.support.ranges[0] if shot.support else (1, 1) for shot in shots]
    return _tiles(video, [((first + last) // 2, f"{first}-{last}") for first, last in ranges])


def best_frames(video: Path, output: Path, _number: int) -> Pixels:
    """Draw the best frames of the first six shots, with their numbers."""
    numbers = sorted(VideoLabels.from_file(output).frames)[:6]
    return _tiles(video, [(number, f"frame {number}") for number in numbers])


def _tiles(video: Path, shown: Iterable[tuple[int, str]]) -> Pixels:
    """Draw up to six frames side by side, each with a text."""
    width, height = (WIDTH - 2 * _GAP) // 3, (HEIGHT - _GAP) // 2
    canvas = _canvas()
    for place, (number, text) in enumerate(shown):
        tile = _filling(frame_at(video, number).image(), width, height)
        _STYLE.write(tile, text, 5, height - 6, LIGHT_TEXT)
        top, left = place // 3 * (height + _GAP), place % 3 * (width + _GAP)
        canvas[top : top + height, left : left + width] = tile
    return canvas


def chart(video: Path, output: Path, number: int) -> Pixels:
    """Draw one frame, and below it the measures of all frames as lines and the events as bars."""
    labels = VideoLabels.from_file(output)
    total = (labels.metadata.total_frame_count if labels.metadata else None) or 1
    canvas = _canvas()
    canvas[: HEIGHT - _CHART_HEIGHT] = _filling(frame_at(video, number).image(), WIDTH, HEIGHT - _CHART_HEIGHT)
    for name in ("brightness", "sharpness"):
        _draw_line(canvas, [*_measures(labels, name)], total, colour_of(None, name))
    for event in labels.events:
        for first, last in event.support.ranges if event.support else ():
            left, right = _across(first, total), _across(last, total)
            top = HEIGHT - _CHART_HEIGHT // 2 - 6
            cv2.rectangle(canvas, (left, top), (right, top + 16), colour_of(None, event.label), -1)
            _STYLE.write(canvas, event.label or "event", left + 6, top - 6, LIGHT_TEXT)
    return canvas


EXAMPLES = (
    Example("object-tracks", "bikes.mp4", boxes, 125),
    Example("face-detection", "carphone_pristine.mp4", boxes, 60),
    Example("face-redaction", "carphone_pristine.mp4", frame, 60),
    Example("motion-tracks", "bikes.mp4", boxes, 202, {"first_frame": 187, "sensitivity": 0.3, "minimum_size": 0.01}),
    Example("onnx-detector", "bikes.mp4", boxes, 165),
    Example("text-reading", "bikes.mp4", boxes, 71),
    Example("shot-detection", "bikes.mp4", keyframes),
    Example("best-frames", "bikes.mp4", best_frames, earlier={"shots": "shot-detection"}),
    Example("video-quality", "bikes.mp4", chart, 107),
    Example("audio-activity", "bigbuckbunny.mp4", chart, 90),
)


def main() -> int:
    """Write all pictures, or those of the analytics that are named as arguments."""
    FOLDER.mkdir(exist_ok=True)
    write_sample()
    for example, video, output in _results([each for each in EXAMPLES if sys.argv[1:] in ([], [each.analytic])]):
        content = _encoded(example.draw(video, output, example.number))
        (FOLDER / f"{example.analytic}.webp").write_bytes(content)
        print(f"{example.analytic}: {len(content)} bytes")
    return 0


def write_sample() -> None:
    """Write the sample video: a cyclist between cars, and a cut."""
    output = FOLDER / "sample.mp4"
    with VideoReader(fetch() / SAMPLE_CLIP) as reader, video_writer(output, SAMPLE_SIZE, 25) as written:
        frames = [each for each in reader if each.number in SAMPLE_FRAMES]
        for each in frames:
            picture = av.VideoFrame.from_ndarray(cv2.resize(each.image(), SAMPLE_SIZE), format="bgr24")
            written.add(picture.reformat(format="yuv420p", dst_colorspace="ITU709"), each.time - frames[0].time)
        written.finish()
    print(f"sample: {output.stat().st_size} bytes")


def _results(examples: list[Example]) -> Iterator[tuple[Example, Path, Path]]:
    """Run each analytic on a platform; yield the video and the output."""
    footage = fetch()
    with tempfile.TemporaryDirectory(prefix="voxel51-pictures-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data") as platform:
            token = platform.create_user("pictures", folder / "api-token.json")
            with API(token=Token.from_json(str(token))) as api:
                for example in examples:
                    yield example, footage / example.clip, _output_of(api, example, footage / example.clip, folder)


def _output_of(api: API, example: Example, video: Path, folder: Path) -> Path:
    """Run an analytic, and those whose labels it needs before; return its output."""
    inputs = {
        name: _output_of(api, Example(earlier, example.clip, keyframes), video, folder)
        for name, earlier in example.earlier.items()
    }
    output = folder / example.analytic
    api.download_job_output(_finished_job(api, example, {"video": video, **inputs}), output)
    return output


def _finished_job(api: API, example: Example, inputs: Mapping[str, Path]) -> str:
    request = JobRequest(f"voxel51/{example.analytic}")
    for name, path in inputs.items():
        request.set_input(name, data_id=api.upload_data(str(path))["id"])
    for name, value in example.parameters.items():
        request.set_parameter(name, value)
    if example.analytic == "onnx-detector":
        request.set_data_parameter("model", data_id=api.upload_data(str(DETECTOR))["id"])
    job_id: str = api.upload_job_request(request, example.analytic, auto_start=True)["id"]
    api.wait_until_job_completes(job_id, sleep_time=0.5, max_wait_time=MAX_SECONDS)
    return job_id


def _filling(image: Pixels, width: int, height: int, objects: Iterable[DetectedObject] = ()) -> Pixels:
    """Return the middle of an image, scaled to fill this size, with objects drawn into it."""
    scale = max(width / image.shape[1], height / image.shape[0])
    size = max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale))
    scaled: Pixels = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    draw_objects(scaled, objects, _STYLE)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def _encoded(picture: Pixels) -> bytes:
    """Return the picture as WebP of the best quality that needs at most `MAX_BYTES`."""
    for quality in range(90, 0, -5):
        _, content = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if len(content) <= MAX_BYTES:
            break
    return content.tobytes()


def _canvas() -> Pixels:
    canvas: Pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = BACKGROUND
    return canvas


def _measures(labels: VideoLabels, name: str) -> Iterator[tuple[int, float]]:
    """Yield number and value of each frame that has the attribute ``name``."""
    for number in sorted(labels.frames):
        for attribute in labels.frames[number].attributes:
            if attribute.name == name:
                yield number, float(attribute.value)


def _draw_line(canvas: Pixels, values: list[tuple[int, float]], total: int, colour: Colour) -> None:
    top = max((value for _, value in values), default=1.0) or 1.0
    points = [
        (_across(number, total), round(HEIGHT - 4 - value / top * (_CHART_HEIGHT - 10))) for number, value in values
    ]
    if points:
        cv2.polylines(canvas, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)


def _across(number: int, total: int) -> int:
    return round((number - 1) / max(1, total - 1) * (WIDTH - 1))


if __name__ == "__main__":
    sys.exit(main())
