"""Renditions that a real platform makes of real videos and jobs."""

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import VARIABLE_TIMES_MS, footage, huge_gif, number_in, numbered_video
from support.waiting import LIMIT_SECONDS
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.video import VideoLabels
from voxel51.transport.errors import InvalidRequest, NotFound
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

WAIT = {"wait": "20"}


@dataclass
class Looked:
    """User with a real video and a job that found objects in it."""

    user: User
    api: API
    data_id: str
    job_id: str

    def get(self, path: str, **arguments: Any) -> requests.Response:
        """Return the response: the one after the rendition was made, unless ``wait`` is given."""
        url, asked, deadline = f"{self.user.v1}/{path}", {**WAIT, **arguments}, time.monotonic() + LIMIT_SECONDS
        while True:
            answer = requests.get(url, headers=self.user.headers, params=asked, timeout=LIMIT_SECONDS)
            if answer.status_code != 202 or "wait" in arguments or time.monotonic() > deadline:
                return answer

    def of_data(self, kind: str, **arguments: Any) -> requests.Response:
        return self.get(f"data/{self.data_id}/renditions/{kind}", **arguments)

    def of_job(self, kind: str, **arguments: Any) -> requests.Response:
        return self.get(f"jobs/{self.job_id}/renditions/{kind}", **arguments)


def follow(api: API, data_id: str, **parameters: Any) -> str:
    request = JobRequest("voxel51/object-tracks")
    request.set_input("video", data_id=data_id)
    for name, value in {"last_frame": 60, **parameters}.items():
        request.set_parameter(name, value)
    job_id: str = api.upload_job_request(request, "follow", auto_start=True)["id"]
    api.wait_until_job_completes(job_id, sleep_time=0.2, max_wait_time=60)
    return job_id


@pytest.fixture(scope="module")
def looked(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    user = User.create(platform, tmp_path_factory.mktemp("looked"))
    api = API(token=Token.from_json(str(user.token)))
    data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
    return Looked(user, api, data_id, follow(api, data_id))


def picture(answer: requests.Response) -> Pixels:
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None, answer.text[:300]
    return image  # type: ignore[return-value]


def frame_count(answer: requests.Response) -> int:
    with av.open(io.BytesIO(answer.content)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_rendition_is_made_once_and_then_returned_at_once(looked: Looked) -> None:
    first = looked.of_data("poster", width=200, wait="0")
    made = looked.of_data("poster", width=200)
    again = looked.of_data("poster", width=200, wait="0")

    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert first.json() == {"rendition": "poster", "state": "QUEUED", "fraction": None}
    assert (made.status_code, made.headers["content-type"]) == (200, "image/jpeg")
    assert (again.status_code, again.content) == (200, made.content)
    assert picture(made).shape == (85, 200, 3)
    assert again.headers["etag"] == made.headers["etag"]


def test_rendition_is_cancelled_while_it_is_made_and_deleted_afterwards(looked: Looked, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "long.mp4", frames=3000)
    data_id = looked.api.upload_data(str(video))["id"]
    path = f"data/{data_id}/renditions"

    def delete(path: str) -> int:
        url = f"{looked.user.v1}/{path}"
        return requests.delete(url, headers=looked.user.headers, timeout=LIMIT_SECONDS).status_code

    assert looked.get(f"{path}/playable", wait="0").status_code == 202
    assert delete(f"{path}/playable?height=360") == 404
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(looked.get, f"{path}/playable", wait="20")
        while not waiting.done():  # the request may come after the first deletion, and have it made
            delete(f"{path}/playable")
        assert waiting.result().status_code == 404, "it had the rendition made again"
    assert looked.get(path).json() == {"renditions": []}
    assert delete(f"{path}/playable") == 404

    assert looked.get(f"{path}/poster").status_code == 200
    assert delete(f"{path}/poster") == 204
    assert looked.get(f"{path}/poster", wait="0").status_code == 202
    assert delete(path) == 204
    assert looked.get(path).json() == {"renditions": []}


def test_rendition_of_a_huge_image_is_refused(looked: Looked, tmp_path: Path) -> None:
    data_id = looked.api.upload_data(str(huge_gif(tmp_path / "bomb.gif", 16000, 16000)))["id"]

    answer = looked.get(f"data/{data_id}/renditions/poster")

    assert answer.status_code == 400
    assert "'bomb.gif' has frames of 16000 x 16000 pixels" in answer.text


def test_playable_video_has_the_same_frames(looked: Looked) -> None:
    answer = looked.of_data("playable")

    assert answer.headers["content-type"] == "video/mp4"
    assert frame_count(answer) == looked.of_data("index").json()["frame_count"] == 250
    part = requests.get(answer.url, headers={**looked.user.headers, "Range": "bytes=0-99"}, timeout=LIMIT_SECONDS)
    assert (part.status_code, part.content) == (206, answer.content[:100])


def test_frame_is_exactly_the_requested_one(looked: Looked, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "variable.mp4", times_ms=VARIABLE_TIMES_MS)
    data_id = looked.api.upload_data(str(video))["id"]
    path = f"data/{data_id}/renditions/frame"

    by_number = [number_in(picture(looked.get(path, number=number, image="png"))) for number in (1, 8, 16)]
    by_time = number_in(picture(looked.get(path, time=0.52, width=160)))

    assert by_number == [1, 8, 16]
    assert by_time == 7


def test_clip_has_the_requested_frames(looked: Looked) -> None:
    assert frame_count(looked.of_data("clip", first=31, last=76)) == 46
    assert frame_count(looked.of_data("clip", start=8)) == 50


def test_thumbnails_cover_the_whole_video(looked: Looked) -> None:
    assert picture(looked.of_data("thumbnails", count=12, width=100)).shape == (2 * 42, 1000, 3)


def test_labels_are_drawn_into_the_video_and_into_single_frames(looked: Looked, tmp_path: Path) -> None:
    annotated = looked.of_job("annotated")
    plain, drawn = picture(looked.of_data("frame", number=50)), picture(looked.of_job("frame", number=50))

    assert frame_count(annotated) == 250
    (tmp_path / "annotated.mp4").write_bytes(annotated.content)
    with VideoReader(tmp_path / "annotated.mp4") as video:
        assert video.metadata.frame_size is not None
        assert video.metadata.frame_size[0] >= 640
    resized = cv2.resize(plain, (drawn.shape[1], plain.shape[0] * drawn.shape[1] // plain.shape[1]))
    difference = np.abs(drawn[: resized.shape[0]].astype(int) - resized.astype(int)).max(axis=2)
    assert (difference > 80).mean() > 0.005  # boxes and their captions
    assert picture(looked.of_job("sheet")).shape[1] > 1000


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("coco", "application/json"),
        ("yolo", "application/zip"),
        ("mot", "application/zip"),
        ("cvat", "application/xml"),
        ("voc", "application/zip"),
        ("csv", "text/csv; charset=utf-8"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_output_is_downloaded_in_the_formats_of_other_tools(looked: Looked, name: str, media_type: str) -> None:
    answer = looked.get(f"jobs/{looked.job_id}/output", format=name)

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    if name == "coco":
        labels = VideoLabels.from_json(json.loads(looked.get(f"jobs/{looked.job_id}/output").content))
        boxes = sum(len(frame.objects) for frame in labels.frames.values())
        assert len(answer.json()["annotations"]) == boxes > 50
    if media_type == "application/zip":
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_the_client_downloads_and_reads_renditions(looked: Looked, tmp_path: Path) -> None:
    api = looked.api

    csv = api.download_job_output(looked.job_id, tmp_path / "a.csv", format="csv")
    clip = api.download_data_rendition(looked.data_id, "clip", tmp_path / "clip.mp4", first=1, last=5)

    assert Path(csv).read_text(encoding="utf-8").startswith("kind,first_frame")
    with VideoReader(Path(clip)) as video:
        assert len(list(video)) == 5
    assert api.get_frame_times(looked.data_id)["times"][:3] == [0.0, 0.04, 0.08]
    with pytest.raises(InvalidRequest, match="'format' must be one of coco, yolo"):
        api.download_job_output(looked.job_id, tmp_path / "b", format="docx")


def test_jobs_are_compared_with_each_other_and_with_true_labels(looked: Looked, tmp_path: Path) -> None:
    api = looked.api
    surer = follow(api, looked.data_id, confidence=0.6)
    truth = api.upload_data(str(api.download_job_output(looked.job_id, tmp_path / "truth.json")))["id"]

    itself = api.evaluate_job(looked.job_id, truth)
    less = api.evaluate_job(surer, truth)
    difference = api.compare_jobs(looked.job_id, surer)

    precisions = [each["average_precision"] for each in itself["detection"].values()]
    assert precisions == pytest.approx([1.0] * len(precisions))
    assert (itself["tracking"]["mota"], itself["tracking"]["idf1"]) == (1.0, 1.0)
    assert less["tracking"]["missed_count"] > 0
    assert sum(each["only_first"] for each in difference["boxes"].values()) > 0
    assert [each["parameters"]["confidence"] for each in difference["provenance"]] == [0.5, 0.6]


@pytest.mark.parametrize(
    ("kind", "arguments", "text"),
    [
        ("frame", {}, "Either 'number'"),
        ("frame", {"number": 1, "time": 1}, "Either 'number'"),
        ("frame", {"number": 0}, "'number' must be a whole number from 1"),
        ("frame", {"number": 900}, "the video has 250 frames"),
        ("frame", {"number": "1.5"}, "a whole number"),
        ("frame", {"time": "NaN"}, "'time' must be"),
        ("frame", {"number": 1, "image": "exe"}, "'image' must be one of jpg, png"),
        ("clip", {}, "'first' and 'last'"),
        ("clip", {"first": 9, "last": 3}, "comes before"),
        ("clip", {"first": 251}, "250 frames"),
        ("thumbnails", {"count": 100000}, "'count' must be a whole number from 1 to 200"),
        ("playable", {"wait": "-1"}, "'wait' is a number of seconds"),
    ],
)
def test_impossible_rendition_is_refused_with_the_reason(
    looked: Looked, kind: str, arguments: dict[str, Any], text: str
) -> None:
    answer = looked.of_data(kind, **arguments)

    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]


def test_data_of_another_type_has_no_renditions(looked: Looked, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    data_id = looked.api.upload_data(str(tmp_path / "notes.txt"))["id"]

    with pytest.raises(InvalidRequest, match=r"'notes\.txt' cannot be read as a video: it looks like text"):
        looked.api.get_frame_times(data_id)
    with pytest.raises(InvalidRequest, match=r"others.*notes|notes\.txt"):
        looked.api.evaluate_job(looked.job_id, data_id)


def test_renditions_are_visible_to_their_owner_only(looked: Looked, platform: PlatformProcess, tmp_path: Path) -> None:
    stranger = User.create(platform, tmp_path)
    theirs = follow(looked.api, looked.data_id, last_frame=3)
    with API(token=Token.from_json(str(stranger.token))) as api:
        own = api.upload_data(str(footage("bikes.mp4")))["id"]
        own_job = follow(api, own, last_frame=3)
        for call in (
            lambda: api.get_frame_times(looked.data_id),
            lambda: api.download_job_rendition(looked.job_id, "annotated", tmp_path / "a.mp4"),
            lambda: api.compare_jobs(own_job, theirs),
            lambda: api.evaluate_job(own_job, looked.data_id),
        ):
            with pytest.raises(NotFound):
                call()
    assert list(tmp_path.glob("*.mp4")) == []


def test_internal_jobs_are_hidden(looked: Looked) -> None:
    api = looked.api
    looked.of_data("poster")

    assert {job["name"] for job in api.iter_jobs()} == {"follow"}
    assert "voxel51/rendition" not in {each["name"] for each in api.list_analytics(all_versions=True)}
    request = JobRequest("voxel51/rendition")
    request.set_parameter("kind", "poster")
    with pytest.raises(InvalidRequest, match="not found"):
        api.upload_job_request(request, "mine", auto_start=True)


def test_renditions_are_deleted_with_their_source(looked: Looked, platform: PlatformProcess, tmp_path: Path) -> None:
    data_id = looked.api.upload_data(str(numbered_video(tmp_path / "short.mp4")))["id"]
    path = f"data/{data_id}/renditions"
    assert looked.get(f"{path}/poster").status_code == 200
    [kept] = looked.get(path).json()["renditions"]
    assert (kept["rendition"], kept["filename"], kept["state"]) == ("poster", "poster.jpg", "COMPLETE")

    looked.api.delete_data(data_id)

    assert looked.get(f"{path}/poster").status_code == 404
    outputs = platform.folder / "storage" / "outputs"
    deadline = time.monotonic() + LIMIT_SECONDS
    pictures = {each for each in outputs.rglob("*") if each.is_file()}
    while len(pictures & {each for each in outputs.rglob("*") if each.is_file()}) == len(pictures):
        assert time.monotonic() < deadline, "its bytes are still there"
        time.sleep(0.5)


def test_request_during_the_deletion_of_data_is_answered_not_found(looked: Looked, tmp_path: Path) -> None:
    video = str(numbered_video(tmp_path / "short.mp4", frames=3))
    with ThreadPoolExecutor(4) as askers:
        for _ in range(20):
            data_id = looked.api.upload_data(video)["id"]
            asked = [askers.submit(looked.get, f"data/{data_id}/renditions/poster", width=100 + n) for n in range(4)]
            looked.api.delete_data(data_id)
            answers = [each.result() for each in asked]
            assert {answer.status_code for answer in answers} <= {200, 404}, [answer.text for answer in answers]


def test_incomplete_job_has_no_renditions(looked: Looked) -> None:
    request = JobRequest("voxel51/object-tracks")
    request.set_input("video", data_id=looked.data_id)
    job_id = looked.api.upload_job_request(request, "later", auto_start=False)["id"]

    answer = looked.get(f"jobs/{job_id}/renditions/annotated", wait=0)
    looked.api.delete_job(job_id)

    assert answer.status_code == 400
    assert "is READY; only a COMPLETE job has an output" in answer.json()["error"]["message"]
