"""Datasets of a real platform: defined, estimated, made in the sandbox, downloaded in ranges, deleted with a job."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import supervision

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.cli.main import main
from voxel51.transport.errors import APIError, NotFound
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

ANALYTIC = "voxel51/object-tracks"
LAST_FRAME = 60


@dataclass
class Found:
    """User with two videos, and jobs that found objects in their first frames."""

    user: User
    api: API
    data_ids: list[str]
    job_ids: list[str]

    def add_job(self, data_id: str) -> str:
        request = JobRequest(ANALYTIC)
        request.set_input("video", data_id=data_id)
        request.set_parameter("last_frame", LAST_FRAME)
        job_id: str = self.api.upload_job_request(request, "follow", auto_start=True)["id"]
        self.api.wait_until_job_completes(job_id, sleep_time=0.2)
        return job_id


@pytest.fixture(scope="module")
def found(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> Found:
    user = User.create(platform, tmp_path_factory.mktemp("found"))
    api = API(token=Token.from_json(str(user.token)))
    data_ids = [api.upload_data(str(footage("bikes.mp4")))["id"] for _ in range(2)]
    made = Found(user, api, data_ids, [])
    made.job_ids.extend(made.add_job(data_id) for data_id in data_ids)
    return made


def test_a_yolo_dataset_is_estimated_made_and_read_by_supervision(found: Found, tmp_path: Path) -> None:
    options = {"format": "yolo", "every": 5, "labelled_only": True, "split": {"train": 0.5, "val": 0.5}}
    dataset = found.api.create_dataset("street", options, analytic=ANALYTIC, data=found.data_ids)

    estimate = found.api.estimate_dataset(dataset["id"])
    path = found.api.download_dataset(dataset["id"], tmp_path / "street.zip")

    assert (dataset["job_count"], dataset["definition"]["quality"]) == (2, 90)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    for part in ("train", "val"):
        read = supervision.DetectionDataset.from_yolo(
            images_directory_path=str(tmp_path / "images" / part),
            annotations_directory_path=str(tmp_path / "labels" / part),
            data_yaml_path=str(tmp_path / "data.yaml"),
        )
        boxes = sum(len(each) for _, _, each in read)
        assert estimate["parts"][part] == {"videos": 1, "frames": len(read), "boxes": boxes}
        assert boxes > 4
    assert estimate["size_bytes"] == pytest.approx(Path(path).stat().st_size, rel=0.3)
    described = json.loads((tmp_path / "dataset.json").read_text())
    assert [video["name"] for video in described["videos"]] == ["bikes", "bikes-2"]


def test_a_download_is_resumed_by_a_range(found: Found) -> None:
    dataset = found.api.create_dataset("labels", {"format": "coco", "images": False}, jobs=found.job_ids)
    path = found.api.base_url + f"/datasets/{dataset['id']}/renditions/archive"
    found.api.estimate_dataset(dataset["id"])

    def get(**headers: str) -> requests.Response:
        return requests.get(
            path, params={"wait": "20"}, headers={**found.user.headers, **headers}, timeout=LIMIT_SECONDS
        )

    whole, part = get(), get(Range="bytes=100-")

    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/zip")
    assert (part.status_code, part.content) == (206, whole.content[100:])
    assert zipfile.ZipFile(io.BytesIO(whole.content)).testzip() is None


def test_the_command_exports_lists_and_deletes(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(found.user.token))
    monkeypatch.chdir(tmp_path)
    chosen = ["--jobs", *found.job_ids, "--format", "parquet", "--no-images", "--name", "two streets"]

    def run(*arguments: str) -> str:
        capsys.readouterr()
        assert main(["datasets", *arguments]) == 0
        return capsys.readouterr().out

    estimate = json.loads(run("export", *chosen, "--estimate", "--json"))
    assert estimate["image_bytes"] == 0
    exported = json.loads(run("export", *chosen, "--rename", "bicycle=bike", "--split", "train=1", "--json"))
    assert exported["path"] == "two_streets.parquet.zip"
    assert zipfile.ZipFile(tmp_path / "two_streets.parquet.zip").testzip() is None
    listed = json.loads(run("list", "--json"))
    assert [each["id"] for each in listed if each["name"] == "two streets"] == [exported["id"]]
    run("delete", exported["id"])
    with pytest.raises(NotFound):
        found.api.get_dataset(exported["id"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda _: {"options": {"format": "tfrecord"}}, "Invalid options: 'format' is one of coco, cvat"),
        (lambda _: {"options": {"format": "coco", "seed": -1}}, "'seed' is a whole number, 0 to"),
        (lambda _: {"jobs": []}, "at least one job"),
        (lambda found: {"jobs": [*found.job_ids, "nothing"]}, "Job 'nothing' not found"),
        (lambda _: {"analytic": ANALYTIC}, "Exactly one of 'jobs', 'analytic' and 'batch'"),
        (lambda _: {"name": " "}, "'name' must have 1 to 100 printable characters"),
        (
            lambda _: {"jobs": ["x"] * 5000 + [str(each) for each in range(3000)]},
            "at most 2000 jobs, and this would have more",
        ),
    ],
)
def test_invalid_datasets_are_refused(found: Found, change: Callable[[Found], dict[str, Any]], text: str) -> None:
    body = {"name": "a", "options": {"format": "coco"}, "jobs": found.job_ids, **change(found)}

    answer = requests.post(f"{found.user.v1}/datasets", json=body, headers=found.user.headers, timeout=LIMIT_SECONDS)

    assert answer.status_code in {400, 404}
    assert text in answer.text


def test_other_users_neither_see_nor_use_a_dataset_or_its_jobs(
    found: Found, platform: PlatformProcess, tmp_path: Path
) -> None:
    dataset = found.api.create_dataset("mine", {"format": "coco", "images": False}, jobs=found.job_ids)
    bob = API(token=Token.from_json(str(User.create(platform, tmp_path).token)))

    for use in (bob.get_dataset, bob.delete_dataset, bob.estimate_dataset, bob.download_dataset):
        with pytest.raises(NotFound, match="not found; it may belong to another user"):
            use(dataset["id"])
    with pytest.raises(NotFound, match="not found; it may belong to another user"):
        bob.create_dataset("his", {"format": "coco"}, jobs=found.job_ids)
    with pytest.raises(APIError, match="needs at least one job"):
        bob.create_dataset("his", {"format": "coco"}, analytic=ANALYTIC)
    assert bob.list_datasets() == []
    assert found.api.get_dataset(dataset["id"]) == dataset


def test_a_dataset_goes_with_a_video_or_job_of_it(found: Found) -> None:
    data_id = found.api.upload_data(str(footage("bikes.mp4")))["id"]
    job_id = found.add_job(data_id)
    with_images = found.api.create_dataset("images", {"format": "coco"}, jobs=[job_id])
    labels = found.api.create_dataset("labels", {"format": "coco", "images": False}, jobs=[job_id])
    found.api.estimate_dataset(with_images["id"])

    found.api.delete_data(data_id)

    with pytest.raises(NotFound, match="one of its jobs or videos was deleted"):
        found.api.download_dataset(with_images["id"])
    with pytest.raises(NotFound, match=r"was deleted or has expired\. Leave the job out"):
        found.api.create_dataset("images", {"format": "coco"}, jobs=[job_id])
    assert found.api.estimate_dataset(labels["id"])["parts"]["train"]["videos"] == 1
    assert with_images["id"] not in {each["id"] for each in found.api.list_datasets()}


def test_datasets_of_a_search_have_the_jobs_on_the_videos_that_it_finds(
    found: Found, platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"format": "coco", "images": False}
    found.api.tag_data(found.data_ids[:1], ["rush"])
    found.api.save_search("rush hour", "tag:rush")

    of_search = found.api.create_dataset("s", options, analytic=ANALYTIC, search="tag:rush")

    assert of_search["job_count"] == 1
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(found.user.token))
    exported = ["datasets", "export", "--analytic", ANALYTIC, "--format", "coco", "--no-images", "--out"]
    assert main([*exported, str(tmp_path / "saved.zip"), "--saved-search", "rush hour"]) == 0
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert len(json.loads(archive.read("dataset.json"))["videos"]) == 1
    assert main([*exported, str(tmp_path / "none.zip"), "--saved-search", "weekend"]) != 0
    for given, text in (
        ({"search": "tag:rush", "data": found.data_ids}, "by one of 'data', 'collection' and 'search'"),
        ({"search": "tag:nothing"}, "needs at least one job"),
        ({"search": "colour:red"}, "colour"),
    ):
        with pytest.raises(APIError, match=text):
            found.api.create_dataset("s", options, analytic=ANALYTIC, **given)
    with pytest.raises(APIError, match="'search' is only allowed with 'analytic'"):
        found.api.create_dataset("s", options, jobs=found.job_ids, search="tag:rush")
    with API(token=Token.from_json(str(User.create(platform, tmp_path).token))) as other, pytest.raises(APIError):
        other.create_dataset("s", options, analytic=ANALYTIC, search="tag:rush")


def test_datasets_of_a_collection_and_of_a_batch_have_the_jobs_on_their_videos(
    found: Found, platform: PlatformProcess, tmp_path: Path
) -> None:
    options = {"format": "coco", "images": False}
    collection_id = found.api.create_collection("one of two")["id"]
    found.api.add_to_collection(collection_id, [found.data_ids[0]])
    # Both videos have the same bytes, so without `fresh` both items would have the same job.
    batch = found.api.run_batch(ANALYTIC, found.data_ids, {"last_frame": LAST_FRAME}, fresh=True, wait=True)
    of_collection = found.api.create_dataset("c", options, analytic=ANALYTIC, collection_id=collection_id)
    sweep = found.api.run_batch(
        ANALYTIC, found.data_ids[:1], parameter_sets=[{"last_frame": LAST_FRAME}, {"last_frame": 2}], wait=True
    )

    of_batch = found.api.create_dataset("b", options, batch_id=batch["id"])
    of_sweep = found.api.create_dataset("s", options, batch_id=sweep["id"], parameter_set=1)

    assert [each["job_count"] for each in (of_collection, of_batch, of_sweep)] == [1, 2, 1]
    boxes = [found.api.estimate_dataset(each["id"])["parts"]["train"]["boxes"] for each in (of_sweep, of_collection)]
    assert boxes[0] < boxes[1]  # of 2 frames, and of 60
    with pytest.raises(APIError, match="2 parameter sets"):
        found.api.create_dataset("s", options, batch_id=sweep["id"])
    with pytest.raises(APIError, match="parameter sets 0 to 1, not 2"):
        found.api.create_dataset("s", options, batch_id=sweep["id"], parameter_set=2)
    with pytest.raises(APIError, match="'collection' is only allowed with 'analytic'"):
        found.api.create_dataset("s", options, batch_id=batch["id"], collection_id=collection_id)
    with API(token=Token.from_json(str(User.create(platform, tmp_path).token))) as other:
        with pytest.raises(NotFound, match="Batch"):
            other.create_dataset("b", options, batch_id=batch["id"])
        with pytest.raises(NotFound, match="Collection"):
            other.create_dataset("c", options, analytic=ANALYTIC, collection_id=collection_id)
