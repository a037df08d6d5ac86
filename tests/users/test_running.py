"""Runs of an analytic in one call, against a real platform."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.accounts import User
from support.platforms import NO_OP, PATIENT
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobExecutionError, RemoteDataPath, WaitTimedOut
from voxel51.users.query import DataQuery


@pytest.fixture
def own(shared_user: User) -> Iterator[API]:
    with API(Token.from_json(shared_user.token)) as client:
        yield client


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / f"{tmp_path.name}.mp4"
    path.write_bytes(path.name.encode())  # not looked at, and unlike the files of other tests, which runs would reuse
    return path


def uploaded(api: API, path: Path) -> int:
    return api.query_data(DataQuery().add_search("name", path.name))["count"]


def test_a_local_file_is_uploaded_and_the_output_downloaded(own: API, video: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    result = own.run(
        PATIENT,
        {"video": video},
        {"seconds": 0.3},
        output_dir=tmp_path / "out",
        job_name="in one call",
        timeout=LIMIT_SECONDS,
        progress=lambda job, _status: seen.append(job["state"]),
    )

    assert (result.job["state"], result.job["name"]) == ("COMPLETE", "in one call")
    assert own.get_data_details(result.data_ids["video"])["name"] == video.name
    assert result.output_path == tmp_path / "out" / "labels.json"
    assert result.output_path.read_text(encoding="utf-8") == "{}"
    assert own.get_job_request(result.job["id"]).parameters == {"seconds": 0.3}
    assert seen[-1] == "COMPLETE"


@pytest.mark.parametrize("how", ["id", "record", "reference"])
def test_uploaded_data_is_not_uploaded_again(own: API, video: Path, tmp_path: Path, how: str) -> None:
    record = own.upload_data(video)
    value = {"id": record["id"], "record": record, "reference": RemoteDataPath(record["id"])}[how]

    result = own.run(NO_OP, {"video": value}, output_path=tmp_path / "here.json", timeout=LIMIT_SECONDS)

    assert result.data_ids == {"video": record["id"]}
    assert (tmp_path / "here.json").is_file()
    name = f"no-op · {video.name}" if how == "record" else "no-op"  # which is all that an id tells
    assert (result.job["name"], uploaded(own, video)) == (name, 1)


@pytest.mark.parametrize("missing", ["missing.mp4", "folder/missing", Path("missing")])
def test_an_error_names_a_missing_file(own: API, missing: str | Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        own.run(NO_OP, {"video": missing})


def test_the_same_bytes_are_uploaded_once_unless_told_otherwise(own: API, video: Path, tmp_path: Path) -> None:
    first, second, third = (
        own.run(NO_OP, {"video": video}, output_dir=tmp_path, timeout=LIMIT_SECONDS, reuse=reuse).data_ids["video"]
        for reuse in (True, True, False)
    )

    assert first == second != third
    assert own.upload_data(video, reuse=True)["id"] in {first, third}
    assert own.upload_data(video)["id"] not in {first, third}


def test_outputs_of_one_folder_do_not_replace_each_other(own: API, video: Path, tmp_path: Path) -> None:
    paths = [own.run(NO_OP, {"video": video}, output_dir=tmp_path, timeout=LIMIT_SECONDS).output_path for _ in range(3)]

    assert [path.name for path in paths if path] == ["labels.json", "labels-2.json", "labels-3.json"]


def test_a_failed_job_writes_no_output(own: API, tmp_path: Path) -> None:
    with pytest.raises(JobExecutionError, match="failed"):
        own.run("journeys/crash", {}, output_path=tmp_path / "out.json", timeout=LIMIT_SECONDS)

    assert not (tmp_path / "out.json").exists()


def test_after_a_timeout_the_job_is_named_and_continues(own: API) -> None:
    with pytest.raises(WaitTimedOut) as caught:
        own.run(PATIENT, {}, {"seconds": 5}, timeout=0.3)

    (job_id,) = caught.value.job_ids
    assert own.get_job_state(job_id) in {"QUEUED", "SCHEDULED", "RUNNING"}
    own.wait_until_job_completes(job_id)


def test_output_path_and_output_dir_exclude_each_other(own: API) -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        own.run(NO_OP, {}, output_path="a", output_dir="b")
