"""Frame job: all that the platform does for an image-to-video analytic besides its container.

The job extracts the frames of the video, waits until the container has ended, and judges the labels that it wrote. As
any job, it runs in the sandbox, since videos and labels may be hostile, and it reports status, output and log. The
container has neither network nor credential.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import cv2

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.files import read_document
from voxel51.labels.media.frame import Frame
from voxel51.labels.validate import video_labels_problems
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidInput, MissingOutput
from voxel51.platform.job import Job
from voxel51.platform.video import Video, input_video
from voxel51.wire.frames import (
    CONTAINER_END,
    CONTAINER_LABELS,
    CONTAINER_LOG,
    FRAMES_FOLDER,
    FRAMES_READY,
    MOST_FRAME_BYTES,
    MOST_FRAMES,
    ContainerEnd,
)

JPEG_QUALITY = 95
"""Quality of the frames. A frame of a street scene, 640 x 272, takes 31 KB and 0.4 ms; as PNG, 166 KB and 3.6 ms."""

ESTIMATED_AFTER_FRAMES = 25
"""Number of frames after which the size of all is estimated, so that a video that is too long fails at once."""

EXTRACTION_SHARE = 0.5
"""Share of the progress when the image starts. It reports none itself, so the progress stays there until it ends."""

_POLL_SECONDS = 0.02
_READABLE_FILES = 0o022
"""Mask of permissions: the container has another user, who reads the frames."""


def process(job: Job) -> None:
    """Extract the frames, wait for the container, and take its labels as the output.

    Raises:
        InvalidInput: the video cannot be decoded, or has too many frames.
        MissingOutput: the container wrote no labels.
        InvalidLabels: the labels cannot be read.
    """
    folder = job.scratch.parent
    os.umask(_READABLE_FILES)
    folder.chmod(0o755)
    job.progress_share = EXTRACTION_SHARE
    with input_video(job) as video:
        count = FrameFolder(folder / FRAMES_FOLDER).write(video)
    job.progress(count, count, "the image labels the frames")
    job.message(f"{count} frames extracted, the image starts")
    (folder / FRAMES_READY).touch()
    end = _await_container(folder)
    _print_log(folder / CONTAINER_LOG)
    labels = folder / CONTAINER_LABELS
    if not labels.exists():
        raise MissingOutput(f"the image left no labels: {end.get('labels_problem', 'no file')}. {end['detail']}")
    _judge(job, labels, count)
    shutil.move(labels, job.output("labels"))
    job.progress_share = 1.0
    job.progress(count, count)


class FrameFolder:
    """Folder with the frames of one video, limited in size.

    Attributes:
        written_bytes: size of all frames so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._most_bytes = int(os.environ.get(MOST_FRAME_BYTES, sys.maxsize))
        self._most_frames = int(os.environ.get(MOST_FRAMES, sys.maxsize))
        self.written_bytes = 0

    def write(self, video: Video) -> int:
        """Write every frame of ``video`` as ``%06d.jpg``, numbered from 1, and return their number.

        Raises:
            InvalidInput: they are too many, or too large.
        """
        self._path.mkdir()
        for frame in video.every_frame():
            self._write(frame)
            if frame.number % ESTIMATED_AFTER_FRAMES == 0:
                self._check(video, frame.number)
        self._check(video, video.count)
        return video.count

    def _write(self, frame: Frame) -> None:
        _, encoded = cv2.imencode(".jpg", frame.image(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        (self._path / f"{frame.number:06d}.jpg").write_bytes(encoded.tobytes())
        self.written_bytes += encoded.size

    def _check(self, video: Video, count: int) -> None:
        expected = max(count, video.metadata.total_frame_count or 0)
        expected_bytes = self.written_bytes * expected // count
        if expected > self._most_frames or expected_bytes > self._most_bytes:
            limit = f"{self._most_frames} frames and {self._most_bytes / 1e9:.1f} GB"
            raise InvalidInput(
                f"{video.filename!r} is too long for an image-to-video analytic: its {expected} frames need "
                f"{expected_bytes / 1e9:.1f} GB, and the limit is {limit}. Cut it into shorter videos"
            )


def _await_container(folder: Path) -> ContainerEnd:
    path = folder / CONTAINER_END
    while not path.exists():
        time.sleep(_POLL_SECONDS)
    end: ContainerEnd = json.loads(path.read_bytes())
    return end


def _print_log(path: Path) -> None:
    """Print the log of the container, so that it becomes a part of the job's."""
    sys.stdout.flush()
    with path.open("rb") as log:
        shutil.copyfileobj(log, sys.stdout.buffer)
    sys.stdout.flush()


def _judge(job: Job, labels: Path, count: int) -> None:
    """Check the labels. Readers of the format accept some defects: these are warnings.

    Raises:
        InvalidLabels: no reader accepts them.
    """
    document = read_document(labels)
    problems = video_labels_problems(document)
    if any(problem.fatal for problem in problems):
        raise InvalidLabels(problems)
    beyond = [number for number in document.get("frames") or {} if int(number) > count]
    problems += [Problem(f"frames.{number}", f"the video has {count} frames") for number in beyond]
    if problems:
        others = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        job.warn(f"the labels have a problem: {problems[0]}{others}")


analytic = Analytic(
    document={
        "info": {
            "name": "frame-job",
            "version": "1.0.0",
            "description": "Frames of a video for an image, and the labels that it returns. Internal to the platform.",
            "supports_cpu": True,
            "supports_gpu": False,
        },
        "inputs": [{"name": "video", "type": "types.Video", "description": "The video.", "required": True}],
        "parameters": [],
        "outputs": [
            {
                "name": "labels",
                "type": "types.VideoLabels",
                "description": "Labels of the video, by frame.",
                "filename": "labels.json",
                "post_as_data": False,
                "schema": None,
            }
        ],
        "zip_outputs": False,
    },
    process=process,
)
