"""Analytics that behave and misbehave, for journeys through a real platform.

They are found by entry point, as any installed analytic: the folder of this file is in ``PYTHONPATH``, and the
``.dist-info`` beside it declares the entry points.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.video import VideoFrame
from voxel51.platform import Checkpoint, Secret, Video, VideoLabels, VideoLabelsWriter, analytic
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.selection import Selection
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import SplitKind
from voxel51.wire.tasks import ENVIRONMENT_VARIABLES


def sample(process: Callable[[Job], None], **parameters: Any) -> Analytic:
    """Analytic without inputs that writes ``labels.json``; ``parameters`` are names and defaults."""
    return Analytic(
        document={
            "info": {
                "name": process.__name__.replace("_", "-"),
                "version": "1.0.0",
                "description": process.__doc__ or "",
                "supports_cpu": True,
                "supports_gpu": False,
            },
            "inputs": [
                {"name": "video", "type": "types.Video", "description": "a file, not looked at", "required": False}
            ],
            "parameters": [
                {
                    "name": name,
                    "type": "types.Number",
                    "description": name,
                    "placeholder": str(default),
                    "required": False,
                    "default": default,
                }
                for name, default in parameters.items()
            ],
            "outputs": [
                {
                    "name": "labels",
                    "type": "types.VideoLabels",
                    "description": "labels of nothing",
                    "filename": "labels.json",
                    "post_as_data": False,
                    "schema": None,
                }
            ],
            "zip_outputs": False,
        },
        process=process,
    )


def leave_labels(job: Job) -> None:
    job.output("labels").write_text("{}", encoding="utf-8")


def no_op(job: Job) -> None:
    """Leaves empty labels at once."""
    leave_labels(job)


def patient(job: Job) -> None:
    """Runs for a while and reports its progress."""
    seconds = job.parameters["seconds"]
    steps = max(round(seconds * 20), 1)
    for step in range(steps):
        job.progress(step, steps)
        time.sleep(seconds / steps)
    job.progress(steps, steps)
    leave_labels(job)


def talkative(job: Job) -> None:
    """Prints its environment, then runs for a while."""
    job.message(json.dumps({name: os.environ[name] for name in ENVIRONMENT_VARIABLES}))
    patient(job)


def numbers(job: Job) -> None:
    """Labels each frame with its number: a box in the lower half for each bit, the lowest on the left."""
    frames = {}
    for number in range(1, int(job.parameters["frames"]) + 1):
        frames[str(number)] = {"frame_number": number, **_bits_of(number)}
    job.output("labels").write_text(json.dumps({"frames": frames}), encoding="utf-8")


def _bits_of(number: int) -> dict[str, Any]:
    return {"objects": {"objects": [_bit_box(bit) for bit in range(10) if number >> bit & 1]}}


def _bit_box(bit: int) -> dict[str, Any]:
    corners = {
        "top_left": {"x": bit / 10 + 0.01, "y": 0.7},
        "bottom_right": {"x": bit / 10 + 0.09, "y": 0.95},
    }
    return {"label": "bit", "index": bit, "confidence": 0.9, "bounding_box": corners}


def steady(job: Job) -> None:
    """Labels one frame after the other, with a pause after each. Breaks at the frame ``fail_at``, if it is not 0."""
    given = job.parameters
    with job_labels(job, "video.mp4") as labels:
        for number in range(1, int(given["frames"]) + 1):
            if number == given["fail_at"]:
                raise RuntimeError(f"the sample broke at frame {number}")
            labels.add_frame(VideoFrame.from_json({"frame_number": number, **_bits_of(number)}))
            labels.add_event("counted", number, number)
            time.sleep(given["pause_seconds"])


@analytic(version="1.0.0")
def resumable(video: Video, labels: VideoLabelsWriter, checkpoint: Checkpoint, job: Job, pause: float = 0.0) -> None:
    """Measure each frame and what was seen before it, and save that with every fifth frame.

    Args:
        video: the video.
        pause: seconds after each frame.
    """
    seen = checkpoint.load({"frames": [], "mean": np.zeros((9, 16))})
    for frame in video:
        if not seen["frames"] or seen["frames"][-1] + 1 == frame.number:
            seen["frames"].append(frame.number)
        if frame.number % 5 == 1:
            job.message(f"looks at frame {frame.number}")
        seen["mean"] = 0.9 * seen["mean"] + 0.1 * frame.small(16, 9).mean(axis=2)
        labels.add_box(frame, "picture", (0, 0, 10, 10), index=1, mean=round(float(seen["mean"].mean()), 6))
        if frame.number % 10 == 0:
            labels.add_event("tenth", frame, frame)
        labels.add_attributes(**{f"frame {frame.number}": len(seen["frames"])})
        if frame.number % 5 == 0:
            checkpoint.save(seen, now=True)
        time.sleep(pause)


def divisible(job: Job) -> None:
    """Labels the selected frames of a video with their brightness, in parts too. Breaks at the frame ``fail_at``."""
    selection = Selection.of({name: value for name, value in job.parameters.items() if value})
    frames: dict[str, Any] = {}
    with VideoReader(job.inputs["video"]) as reader:
        for frame in reader:
            if frame.number == job.parameters["fail_at"] and (job.part is None or job.part.has(frame.number)):
                raise RuntimeError(f"the sample broke at frame {frame.number}")
            is_own = job.part is None or job.part.has(frame.number)
            if is_own and selection.begins_by(frame.number, 0) and not selection.ends_before(frame.number, 0):
                mean = {"type": "eta.core.data.NumericAttribute", "name": "mean", "value": float(frame.luma().mean())}
                frames[str(frame.number)] = {"frame_number": frame.number, "attrs": {"attrs": [mean]}}
                job.partial.add_frame(frame.number, json.dumps(frames[str(frame.number)]))
                length = 1 if job.part is None else job.part.last_frame - job.part.first_frame + 1
                job.progress(len(frames), max(length, len(frames)))
                time.sleep(job.parameters["pause_seconds"])
        job.record_amount(len(frames), len(frames) / 10, 1000)
    job.output("labels").write_text(json.dumps({"frames": frames}), encoding="utf-8")


def join_counts(job: Job, parts: Sequence[PartOutput]) -> None:
    """Join the frames of the parts of ``divisible``."""
    frames: dict[str, Any] = {}
    for part in parts:
        frames |= json.loads(part.path.read_text(encoding="utf-8"))["frames"]
    job.record_amount(len(frames), len(frames) / 10, 1000)
    time.sleep(job.parameters["merge_seconds"])
    job.output("labels").write_text(json.dumps({"frames": frames}), encoding="utf-8")


def splittable(whole: Analytic, splitting: Splitting) -> Analytic:
    """Return ``whole`` with a declaration that its jobs can be split."""
    document = {**whole.document, "extensions": {"split": splitting.declaration()}}
    return replace(whole, document=document, splitting=splitting)


def dictated(job: Job) -> None:
    """Writes the text of its input as labels."""
    job.output("labels").write_bytes(job.inputs["video"].read_bytes())


def crash(_job: Job) -> None:
    """Raises."""
    raise RuntimeError("the sample broke")


def segfault(_job: Job) -> None:
    """Crashes with a signal."""
    os.kill(os.getpid(), signal.SIGSEGV)


def fault_finding(_job: Job) -> None:
    """Blames its input."""
    raise InvalidInput("the video is not to be watched")


def forgetful(_job: Job) -> None:
    """Ends without an error and without output."""


def parent(job: Job) -> None:
    """Starts long-lived processes and does not end them."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(command)
    subprocess.Popen(command, start_new_session=True)
    patient(job)


@analytic(version="1.0.0", name="secretive")
def secretive(hub_token: Secret, video: Video | None = None) -> VideoLabels:
    """Tells the length of a secret.

    Args:
        hub_token: token of a hub.
        video: a file, not looked at.
    """
    labels = VideoLabels()
    labels.add_attributes(length=f"{len(hub_token)} characters")
    return labels


NO_OP = sample(no_op)
PATIENT = sample(patient, seconds=5)
TALKATIVE = sample(talkative, seconds=60)
NUMBERS = sample(numbers, frames=30)
STEADY = sample(steady, frames=30, pause_seconds=0.1, fail_at=0)
DICTATED = sample(dictated)
DIVISIBLE = splittable(
    sample(divisible, pause_seconds=0, fail_at=0, merge_seconds=0, first_frame=0, last_frame=0),
    Splitting(SplitKind.PER_FRAME, join_counts),
)
CRASH = sample(crash)
SEGFAULT = sample(segfault)
FAULT_FINDING = sample(fault_finding)
FORGETFUL = sample(forgetful)
PARENT = sample(parent, seconds=1)


@analytic(version="1.0.0", network=["127.77.7.7:20771"])
def calling(video: Video) -> VideoLabels:
    """Call a service, and wait until it answers.

    Args:
        video: a file, not looked at.
    """
    import socket

    with socket.create_connection(("127.77.7.7", 20771)) as connection:
        connection.sendall(b"hello")
        connection.recv(1)
    return VideoLabels()
