import json
from pathlib import Path
from typing import Any

import pytest

from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.events import VideoEvent
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.spans import MOST_SPANS, Span, spans_of
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels


def spans(folder: Path, seen: dict[int, list[DetectedObject]], **more: Any) -> list[Span]:
    frames = {number: VideoFrame(frame_number=number, objects=objects) for number, objects in seen.items()}
    VideoLabels(frames=frames, metadata=VideoMetadata(frame_rate=10.0), **more).to_file(folder / "labels.json")
    return spans_of(folder / "labels.json").spans


def test_a_span_lasts_from_the_first_frame_to_the_last(tmp_path: Path) -> None:
    def dog(confidence: float) -> DetectedObject:
        return DetectedObject(label="dog", index=3, confidence=confidence)

    [found] = spans(tmp_path, {number: [dog(number / 100)] for number in range(11, 41)})

    assert found == Span("object", "dog", 3, None, 11, 40, 30, 3.0, 0.4)


def test_a_short_gap_is_bridged_and_a_long_one_ends_the_span(tmp_path: Path) -> None:
    dog = DetectedObject(label="dog", index=3)

    found = spans(tmp_path, {number: [dog] for number in [*range(1, 6), *range(11, 16), *range(40, 45)]})

    assert [(each.first_frame, each.last_frame, each.frame_count) for each in found] == [(1, 15, 10), (40, 44, 5)]


def test_objects_of_one_label_without_tracks_share_a_span(tmp_path: Path) -> None:
    face = DetectedObject(label="face")

    [found] = spans(tmp_path, {number: [face, face] for number in range(1, 11)})

    assert (found.track, found.frame_count, found.confidence) == (None, 10, None)


def test_a_span_of_text_keeps_the_reading_with_the_greatest_confidence(tmp_path: Path) -> None:
    def sign(text: str, confidence: float) -> DetectedObject:
        attribute = CategoricalAttribute(name="text", value=text)
        return DetectedObject(label="text", index=1, confidence=confidence, attributes=[attribute])

    [found] = spans(tmp_path, {1: [sign("TAX1", 0.8)], 2: [sign("TAXI", 0.95)], 3: [sign("TAYI", 0.81)]})

    assert (found.text, found.confidence) == ("TAXI", 0.95)


def test_an_event_is_one_span_per_range(tmp_path: Path) -> None:
    speech = VideoEvent(label="speech", support=Support(((1, 20), (50, 69))), confidence=0.7)

    found = spans(tmp_path, {}, events=[speech])

    assert found == [
        Span("event", "speech", None, None, 1, 20, 20, 2.0, 0.7),
        Span("event", "speech", None, None, 50, 69, 20, 2.0, 0.7),
    ]


def test_the_number_of_spans_is_limited(tmp_path: Path) -> None:
    frames = {
        str(n): {"frame_number": n, "objects": {"objects": [{"label": f"{n}"}]}} for n in range(1, MOST_SPANS + 9)
    }
    (tmp_path / "many.json").write_text(json.dumps({"frames": frames}), encoding="utf-8")

    found = spans_of(tmp_path / "many.json")

    assert (len(found.spans), found.is_complete) == (MOST_SPANS, False)


@pytest.mark.parametrize(
    "content", ["", "nothing", "[1", '{"frames": {"x": {}}}', '{"frames": {"1": []}}', '{"events": {"events": [1]}}']
)
def test_a_file_without_labels_is_rejected(content: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(content, encoding="utf-8")

    with pytest.raises(InvalidLabels, match=r"bad\.json"):
        spans_of(tmp_path / "bad.json")
