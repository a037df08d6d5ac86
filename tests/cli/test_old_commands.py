"""Commands of the original client: options, output and exit status."""

import json
import re
from pathlib import Path

import pytest

from cli.conftest import Voxel51
from support.video_samples import footage, numbered_video
from voxel51.users.api import API
from voxel51.users.jobs import JobRequest

NOUNS = {
    "auth": {"show", "activate", "deactivate"},
    "data": {"list", "info", "upload", "post-url", "download", "ttl", "delete"},
    "jobs": {"list", "info", "upload", "start", "archive", "unarchive", "kill", "delete", "ttl", "request", "status",
             "log", "download"},
    "analytics": {"list", "info", "doc", "upload", "upload-image", "delete"},
}  # fmt: skip


def a_job(api: API, tmp_path: Path, *, auto_start: bool = False) -> str:
    data_id = api.upload_data(str(numbered_video(tmp_path / "job.mp4", frames=3)))["id"]
    request = JobRequest("voxel51/shot-detection")
    request.set_input("video", data_id=data_id)
    job_id: str = api.upload_job_request(request, "a job", auto_start=auto_start)["id"]
    if auto_start:
        api.wait_until_job_completes(job_id, sleep_time=0.1, max_wait_time=60)
    return job_id


@pytest.mark.parametrize("noun", NOUNS)
def test_a_group_without_command_prints_its_help(noun: str, voxel51: Voxel51) -> None:
    ran = voxel51(noun)

    assert ran.status == 0
    assert all(re.search(rf"^ +{verb}\b", ran.out, re.MULTILINE) for verb in NOUNS[noun])


def test_all_help_prints_the_help_of_all_commands(voxel51: Voxel51) -> None:
    ran = voxel51("--all-help")

    assert ran.status == 0
    for noun, verbs in NOUNS.items():
        assert all(f"usage: voxel51 {noun} {verb}" in ran.out for verb in verbs)


def test_version_and_invalid_usage(voxel51: Voxel51) -> None:
    assert re.fullmatch(r"voxel51-platform v\d+\.\d+\.\d+\n", voxel51("--version").out)
    assert voxel51("data", "list", "--limit", "many").status == 2
    assert voxel51("nonsense").status == 2


def test_options_can_be_abbreviated(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    data_id = api.upload_data(str(numbered_video(tmp_path / "a.mp4", frames=1)))["id"]

    ran = voxel51("data", "download", data_id, "--p", tmp_path / "b.mp4")

    assert ran.out == f"Downloaded '{data_id}' to '{tmp_path / 'b.mp4'}'\n"
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "a.mp4").read_bytes()


def test_data_are_uploaded_listed_and_counted(voxel51: Voxel51, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", frames=1)

    uploaded = voxel51("data", "upload", video)
    ids = voxel51("data", "upload", video, video, "--print-id").out.split()
    listed = voxel51("data", "list", "--count", "--limit", "2", "--search", "name:a")

    assert uploaded.out.startswith(f"Uploading data '{video}'\n\nid ")
    assert "path" in uploaded.out.splitlines()[2].split()
    assert len(ids) == 2
    assert listed.out.splitlines()[0].split() == ["id", "name", "size", "type", "upload_date", "expiration_date"]
    assert len([line for line in listed.out.splitlines() if "a.mp4" in line]) == 2
    assert re.search(r"\n\nShowing 2 data, \d+(\.\d)?KB\n\n$", listed.out)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", listed.out)


def test_the_record_of_an_upload_is_printed_as_it_came(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", frames=1)

    [_, _, _, _, row, _] = voxel51("data", "upload", video).out.splitlines()

    [record] = api.list_data()
    assert row.split()[:2] == [record["id"], "a.mp4"]
    assert str(video.stat().st_size) in row.split()
    assert {record["upload_date"], record["expiration_date"]} <= {*row.split()}


def test_a_new_folder_of_a_download_is_named(
    voxel51: Voxel51, api: API, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data_id = api.upload_data(numbered_video(tmp_path / "a.mp4", frames=1))["id"]
    target = tmp_path / "new" / "a.mp4"

    ran = voxel51("data", "download", data_id, "--path", target)

    assert f"Making directory '{target.parent}'" in caplog.messages
    assert ran.out == f"Downloaded '{data_id}' to '{target}'\n"


def test_info_shows_records_and_names_missing_ones(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    data_id = api.upload_data(str(numbered_video(tmp_path / "a.mp4", frames=1)))["id"]

    ran = voxel51("data", "info", data_id, "nothing", "--all-fields")

    assert ran.status == 0
    assert ran.out.splitlines()[0].startswith("Failed to get data 'nothing': ")
    assert "encoding" in ran.out.splitlines()[1]
    assert voxel51("data", "info", "nothing", "--strict").status == 1


def test_delete_asks_for_confirmation(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    ids = [api.upload_data(str(numbered_video(tmp_path / f"{n}.mp4", frames=1)))["id"] for n in range(2)]

    shown = voxel51("data", "delete", "--all", "--dry-run")
    refused = voxel51("data", "delete", "--all", answers="perhaps\nn")
    agreed = voxel51("data", "delete", "--all", answers="ye")
    again = voxel51("data", "delete", *ids)

    assert sorted(shown.out.split()) == sorted(ids)
    assert "Found 2 data to delete\nAre you sure you want to continue? [y/N] " in refused.out
    assert "Please respond with 'y[es]' or 'n[o]'" in refused.out
    assert "deleted" not in refused.out
    assert agreed.out.endswith("2/2 data deleted\n")
    assert again.out.startswith(f"Failed to delete data '{ids[0]}': ")
    assert again.out.endswith("0/2 data deleted\n")
    assert again.status == 0
    assert voxel51("data", "delete").out == ""


def test_ttl_changes_the_expiration_date(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    data_id = api.upload_data(str(numbered_video(tmp_path / "a.mp4", frames=1)))["id"]
    before = api.get_data_details(data_id)["expiration_date"]

    assert voxel51("data", "ttl", data_id).out == ""
    assert voxel51("data", "ttl", data_id, "--days", "0").out == ""
    assert voxel51("data", "ttl", data_id, "--days", "2").out == "1/1 data TTL(s) updated\n"
    found = "Found 1 data to update TTL\n"
    assert voxel51("data", "ttl", "--all", "--force", "--days=-1").out == found + "1/1 data TTL(s) updated\n"
    assert "Failed to update ttl of data 'nothing'" in voxel51("data", "ttl", "nothing", "--days", "1").out
    assert api.get_data_details(data_id)["expiration_date"] > before


def test_download_prints_signed_links(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    data_id = api.upload_data(str(numbered_video(tmp_path / "a.mp4", frames=1)))["id"]

    assert voxel51("data", "download", data_id, "--url").out.startswith("http://127.0.0.1:")


def test_a_job_from_request_to_labels(
    voxel51: Voxel51, api: API, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": data_id}}, "parameters": {}}
    (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")

    created = voxel51("jobs", "upload", "-r", "request.json", "-n", "my job")
    job_id = re.fullmatch(r"Created job '(.+)'\n", created.out)[1]  # type: ignore[index]
    assert voxel51("jobs", "list", "--ready", "-c").out.endswith("\n\nShowing 1 job(s)\n\n")
    assert voxel51("jobs", "start", "--all", "--force").out == "1/1 job(s) started\n"
    assert voxel51("jobs", "wait", job_id).out == f"{job_id}  COMPLETE  my job\n"
    assert json.loads(voxel51("jobs", "request", job_id).out)["analytic"] == "voxel51/shot-detection"
    written = voxel51("jobs", "status", job_id, "--path", "status.json")
    assert written.out == f"Status for job '{job_id}' written to 'status.json'\n"
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "COMPLETE"
    assert voxel51("jobs", "download", job_id, "-p", "labels.json").out == f"Downloaded '{job_id}' to 'labels.json'\n"
    assert voxel51("jobs", "download", job_id, "-u").out.startswith("http://")
    assert voxel51("jobs", "log", job_id).status == 1  # of a public analytic
    started = voxel51("jobs", "upload", "-r", "request.json", "-n", "other", "--auto-start")
    assert started.out.startswith("Created and started job '")


def test_jobs_are_archived_and_unarchived(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    job_id = a_job(api, tmp_path)

    assert voxel51("jobs", "archive", job_id).out == "1/1 job(s) archived\n"
    assert job_id not in voxel51("jobs", "list").out
    assert job_id in voxel51("jobs", "list", "--include-archived").out
    assert job_id in voxel51("jobs", "list", "--archived-only").out
    assert job_id in voxel51("jobs", "list", "--search", "archived:True").out
    assert voxel51("jobs", "unarchive", "--all", "--force").out == "1/1 job(s) unarchived\n"
    assert voxel51("jobs", "ttl", job_id, "--days", "3").out == "1/1 job TTL(s) updated\n"
    killed = voxel51("jobs", "kill", job_id)
    assert killed.out.startswith(f"Failed to kill job '{job_id}': ")
    assert killed.out.endswith("0/1 job(s) killed\n")
    assert voxel51("jobs", "delete", "--all", answers="yes").out.endswith("1/1 job(s) deleted\n")


def test_analytics_are_listed_described_and_uploaded(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    listed = voxel51("analytics", "list", "--public", "-c", "-s", "name:shot")
    analytic_id = api.get_analytic_id("voxel51/shot-detection")
    document = json.loads(voxel51("analytics", "doc", analytic_id).out)
    own = {**document, "info": {**document["info"], "name": "mine"}}
    (tmp_path / "own.json").write_text(json.dumps(own), encoding="utf-8")

    uploaded = voxel51("analytics", "upload", tmp_path / "own.json")
    own_id = next(line.split()[1] for line in uploaded.out.splitlines() if line.startswith("id "))

    assert listed.out.splitlines()[0].split()[:3] == ["id", "name", "version"]
    assert listed.out.endswith("\n\nFound 1 analytic(s)\n\n")
    assert uploaded.out.splitlines()[0].strip() == "Analytic"
    fields = ["id", "name", "version", "scope", "supports_cpu", "supports_gpu", "is_image_to_video", "description"]
    assert [line.split()[0] for line in uploaded.out.splitlines()[2:]] == fields
    pending = voxel51("analytics", "list", "--user", "--pending-only")
    assert own_id in pending.out
    assert "cannot run: not all images that its manifest declares were uploaded" in pending.err
    deleted = voxel51("analytics", "delete", own_id, answers="y")
    assert deleted.out.startswith("Found 1 analytic(s) to delete\n")
    assert deleted.out.endswith(f"Analytic '{own_id}' deleted\n")
    assert voxel51("analytics", "delete", own_id, "--force").status == 1


def test_the_status_of_the_platform(voxel51: Voxel51) -> None:
    whole = voxel51("status").out.splitlines()

    assert whole[0].split() == ["service", "operational", "message"]
    assert {line.split()[0] for line in whole[2:]} >= {"platform", "jobs"}
    assert voxel51("status", "--platform").out.startswith("{'")


def test_a_token_is_activated_shown_and_deactivated(
    voxel51: Voxel51, user: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = str(user.token)  # type: ignore[attr-defined]
    monkeypatch.delenv("VOXEL51_API_TOKEN")
    monkeypatch.setattr("voxel51.users.auth.TOKEN_PATH", str(tmp_path / "home" / ".voxel51" / "api-token.json"))

    voxel51("auth", "activate", token)
    shown = voxel51("auth", "show")
    voxel51("auth", "deactivate")

    rows = dict(line.split("  ", 1) for line in shown.out.splitlines()[2:] if "  " in line)
    assert shown.out.splitlines()[0].strip() == "API token"
    assert [*rows] == ["token id", "creation date", "private key", "base api url", "path"]
    key = json.loads(Path(token).read_text(encoding="utf-8"))["access_token"]["private_key"]
    assert rows["private key"].strip() == f"{key[:47]} ..."
    assert voxel51("auth", "show").status == 1


@pytest.mark.parametrize("arguments", [("data", "list"), ("jobs", "info", "x"), ("status",)])
def test_a_missing_token_is_reported_in_one_line(
    arguments: tuple[str, ...], voxel51: Voxel51, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(tmp_path / "gone.json"))

    ran = voxel51(*arguments)

    assert ran.status == 1
    assert ran.err.startswith("voxel51: ")
    assert "gone.json" in ran.err
    assert ran.err.count("\n") == 1
