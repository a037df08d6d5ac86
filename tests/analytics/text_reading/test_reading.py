"""Text reading: text is read at its position and time, and nothing else is read as text."""

import hashlib
import socket
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.video_samples import audio_only, footage, numbered_video
from voxel51.analytics.text_reading import analytic
from voxel51.analytics.text_reading.reader import DETECTOR, RECOGNISER, Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import TextTracker, edit_distance, overlap
from voxel51.labels.attributes import Attribute, NumericAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput

SIZE = (960, 540)

Written = tuple[str, tuple[int, int], float]
"""Text, the left end of its base line in pixels, and the scale of its letters; 1 is about 22 pixels high."""


def picture(*texts: Written, size: tuple[int, int] = SIZE) -> np.ndarray:
    image = np.full((size[1], size[0], 3), (90, 70, 50), np.uint8)
    for text, place, scale in texts:
        thickness = max(1, round(2 * scale))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (235, 235, 235), thickness, cv2.LINE_AA)
    return image


def clip(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "18"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for each in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(each, format="bgr24")))
        container.mux(stream.encode())
    return path


def attribute(attributes: Sequence[Attribute], name: str) -> Any:
    [found] = [each.value for each in attributes if each.name == name]
    return found


def reported(labels: VideoLabels) -> list[tuple[str, int, int]]:
    return [
        (attribute(event.attributes, "text"), *span)
        for event in labels.events
        if event.support
        for span in event.support.ranges
    ]


def sides(box: BoundingBox | None) -> list[float]:
    assert box is not None
    return [box.left, box.top, box.right, box.bottom]


def test_a_taxi_is_read_in_real_footage(tmp_path: Path) -> None:
    labels, recorder = run_on(analytic, footage("bikes.mp4"), tmp_path)

    # It is whole, sharp and near enough in frame 71 only.
    assert reported(labels) == [("TAXI", 71, 71)]
    [sign] = labels.frames[71].objects
    # By eye, the letters' ends.
    assert sides(sign.bounding_box) == pytest.approx([0.22, 0.42, 0.51, 0.61], abs=0.05)
    assert sign.label == "text"
    assert sign.confidence is not None
    assert sign.confidence > 0.9
    assert video_labels_problems(labels.to_json()) == []
    assert recorder.fractions[-1] == 1.0
    assert recorder.messages == ["1 texts in 250 frames"]


@pytest.mark.parametrize("name", ["carphone_pristine.mp4", "bigbuckbunny.mp4"])
def test_footage_without_text_has_no_readings(name: str, tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage(name), tmp_path, frame_stride=5)

    assert reported(labels) == []
    assert labels.frames == {}


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("place", [(30, 90), (420, 280), (500, 520)], ids=["top-left", "middle", "bottom-right"])
def test_text_is_read_in_any_size_and_place(scale: float, place: tuple[int, int], tmp_path: Path) -> None:
    labels, _ = run_on(analytic, clip(tmp_path / "made.mp4", [picture(("Exit 51", place, scale))] * 2), tmp_path)

    (width, height), _ = cv2.getTextSize("Exit 51", cv2.FONT_HERSHEY_SIMPLEX, scale, max(1, round(2 * scale)))
    [found] = labels.frames[1].objects
    assert attribute(found.attributes, "text").replace(" ", "") == "Exit51"
    wanted = [place[0], place[1] - height, min(place[0] + width, SIZE[0]), place[1]]
    slack = 0.02 + 0.015 * scale
    assert sides(found.bounding_box) == pytest.approx(np.array(wanted) / (SIZE * 2), abs=slack)


def test_each_text_is_an_event_from_its_first_frame_to_its_last(tmp_path: Path) -> None:
    title, name = ("BREAKING NEWS", (60, 80), 1.5), ("Jane Miller", (500, 480), 1.2)
    pictures = [picture()] * 4 + [picture(title)] * 6 + [picture(title, name)] * 10 + [picture(name)] * 4
    pictures += [picture()] * 4 + [picture(name)] * 4

    labels, _ = run_on(analytic, clip(tmp_path / "made.mp4", pictures), tmp_path, frame_stride=2)

    assert reported(labels) == [("BREAKING NEWS", 5, 20), ("Jane Miller", 11, 24), ("Jane Miller", 29, 32)]
    times = {each.name: each.value for each in labels.events[0].attributes if isinstance(each, NumericAttribute)}
    assert times == {"start_seconds": pytest.approx(0.16), "end_seconds": pytest.approx(0.76)}
    assert [event.index for event in labels.events] == [1, 2, 3]
    assert list(labels.frames) == [*range(5, 25, 2), 29, 31]
    for event in labels.events:
        assert event.support is not None
        framewise = [n for n, frame in labels.frames.items() for each in frame.objects if each.index == event.index]
        first, last = event.support.ranges[0]
        assert first <= framewise[0] <= framewise[-1] <= last
        assert event.confidence is not None


@pytest.mark.parametrize(("stride", "start", "end"), [(25, 17, 40), (9, 10, 11), (None, 3, 22), (10, 1, 60)])
def test_starts_and_ends_are_exact_between_analysed_frames(
    stride: int | None, start: int, end: int, tmp_path: Path
) -> None:
    text, blank = picture(("EXIT HERE", (60, 200), 2.0)), picture()
    video = clip(tmp_path / "made.mp4", [text if start <= number <= end else blank for number in range(1, 61)])

    labels, _ = run_on(analytic, video, tmp_path, **({} if stride is None else {"frame_stride": stride}))

    assert [(first, last) for _, first, last in reported(labels)] == [(start, end)]


def test_an_unchanged_image_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images: list[np.ndarray] = []
    read = TextReader.read

    def counted(self: TextReader, image: np.ndarray, least_score: float) -> Iterator[Reading]:
        images.append(image)
        return read(self, image, least_score)

    monkeypatch.setattr(TextReader, "read", counted)
    title, name = ("BREAKING NEWS", (60, 80), 1.5), ("Jane", (500, 480), 0.8)
    video = clip(tmp_path / "made.mp4", [picture(title)] * 50 + [picture(title, name)] * 50)

    labels, _ = run_on(analytic, video, tmp_path)

    assert reported(labels) == [("BREAKING NEWS", 1, 100), ("Jane", 51, 100)]
    assert len(images) < 12


def test_short_or_unsure_text_is_ignored(tmp_path: Path) -> None:
    video = clip(tmp_path / "made.mp4", [picture(("OK", (60, 200), 2.0), ("Platform", (400, 400), 2.0))])

    assert [text for text, *_ in reported(run_on(analytic, video, tmp_path / "a")[0])] == ["Platform"]
    shorter, _ = run_on(analytic, video, tmp_path / "b", minimum_characters=2)
    assert sorted(text for text, *_ in reported(shorter)) == ["OK", "Platform"]
    assert reported(run_on(analytic, video, tmp_path / "c", confidence=1)[0]) == []


def test_text_of_a_region_has_coordinates_of_the_whole_frame(tmp_path: Path) -> None:
    pictures = [picture(("LEFT", (60, 300), 2.0), ("RIGHT", (600, 300), 2.0))] * 30
    video = clip(tmp_path / "made.mp4", pictures)

    labels, _ = run_on(analytic, video, tmp_path, region=[0.5, 0.25, 0.5, 0.5], fps=5, first_frame=6)

    assert reported(labels) == [("RIGHT", 6, 30)]
    assert list(labels.frames) == [6, 11, 16, 21, 26]
    whole, _ = run_on(analytic, video, tmp_path / "whole", first_frame=6, last_frame=6)
    [beside] = [each for each in whole.frames[6].objects if attribute(each.attributes, "text") == "RIGHT"]
    assert sides(labels.frames[6].objects[0].bounding_box) == pytest.approx(sides(beside.bounding_box), abs=0.015)


def test_a_region_finds_smaller_text(tmp_path: Path) -> None:
    video = clip(tmp_path / "made.mp4", [picture(("small print", (1400, 900), 0.4), size=(1920, 1080))])

    assert reported(run_on(analytic, video, tmp_path / "whole")[0]) == []
    assert reported(run_on(analytic, video, tmp_path / "part", region=[0.7, 0.7, 0.3, 0.3])[0]) == [
        ("small print", 1, 1)
    ]


def test_no_network_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    labels, _ = run_on(analytic, clip(tmp_path / "made.mp4", [picture(("Offline", (60, 200), 2.0))]), tmp_path)

    assert reported(labels) == [("Offline", 1, 1)]


def test_provenance_names_the_weights(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, clip(tmp_path / "made.mp4", [picture()]), tmp_path)

    folder = resources.files("rapidocr").joinpath("models")
    hashes = {name: hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() for name in (DETECTOR, RECOGNISER)}
    assert labels.provenance is not None
    assert labels.provenance["weights"] == hashes


def test_a_job_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_on(analytic, numbered_video(tmp_path / "bars.mp4"), tmp_path)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("content", "text"), [(b"", "is empty"), (bytes(5000), "zeros"), (b"\x07\xf3" * 900, "video")])
def test_an_unreadable_file_is_rejected_by_its_name(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)

    with pytest.raises(InvalidInput, match=r"'holiday\.mp4'.*" + text):
        run_on(analytic, path, tmp_path)


def test_an_audio_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no video stream"):
        run_on(analytic, audio_only(tmp_path / "song.m4a"), tmp_path)


@pytest.mark.parametrize("size", [(1920, 1080), (2, 2), (4000, 20), (9, 700), (176, 144)])
def test_images_of_any_size_are_accepted(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (size[1], size[0], 3), np.uint8)

    for image in (noise, np.zeros_like(noise)):
        for each in TextReader().read(image, 0.1):
            assert 0 <= each.box.left < each.box.right <= 1


def reading(text: str, left: float = 0.1, score: float = 0.9) -> Reading:
    return Reading(text, score, BoundingBox(left, 0.1, left + 0.2, 0.2))


def indices(follower: TextTracker, number: int, *readings: Reading) -> list[int]:
    return [each.index for each in follower.add(number, number / 25, readings)[0]]


def test_a_misread_text_keeps_its_track_and_best_reading() -> None:
    follower = TextTracker()

    assert indices(follower, 1, reading("TAX1", score=0.85)) == [1]
    assert indices(follower, 2, reading("TAXI", 0.12, score=0.99)) == [1]
    assert indices(follower, 3, reading("AXI", 0.14, score=0.9)) == [1]
    [seen] = follower.finish()
    assert (seen.best.text, seen.first, seen.last) == ("TAXI", 1, 3)


def test_other_text_or_another_position_is_another_track() -> None:
    follower = TextTracker()

    assert indices(follower, 1, reading("Good evening"), reading("Tokyo", 0.6)) == [1, 2]
    assert indices(follower, 2, reading("Good luck"), reading("Tokyo", 0.45)) == [3, 4]
    assert indices(follower, 3) == []
    assert indices(follower, 4, reading("Good luck")) == [5]


def test_one_text_is_not_continued_by_two_readings() -> None:
    follower = TextTracker()
    indices(follower, 1, reading("Tokyo"))

    assert indices(follower, 2, reading("Tokyo", 0.2), reading("Tokyo", 0.11)) == [2, 1]


def test_memory_does_not_grow_with_the_video() -> None:
    follower = TextTracker()
    for number in range(1, 200):
        lasting, ended = follower.add(number, number / 25, [reading(f"{number:05}" * 2)])
        assert len(lasting) == 1
        assert len(ended) <= 1
    assert len(list(follower.finish())) == 1


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("", "abc", 3), ("taxi", "taxi", 0), ("taxi", "axi", 1), ("kitten", "sitting", 3), ("ab", "ba", 2)],
)
def test_edit_distance_counts_edits(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == distance


def test_overlap_is_intersection_over_union() -> None:
    box = BoundingBox(0.0, 0.0, 0.4, 0.2)

    assert overlap(box, box) == pytest.approx(1)
    assert overlap(box, BoundingBox(0.2, 0.0, 0.6, 0.2)) == pytest.approx(1 / 3)
    assert overlap(box, BoundingBox(0.4, 0.0, 0.6, 0.2)) == 0
