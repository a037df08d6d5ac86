"""Secrets through the command line and a job: granted, used, and not disclosed."""

import json

import pytest

from support.accounts import User
from support.bundles import deployed
from support.platforms import SECRETIVE
from support.waiting import wait_until
from voxel51.cli.analytic_check import sample_video
from voxel51.cli.main import main
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

LEAKING = b"""
import gc, os, signal, urllib.request
from voxel51.platform import Secret, Video, VideoLabels, analytic


@analytic(version="1.0")
def leaking(video: Video, hub_token: Secret, ending: str = "kill") -> VideoLabels:
    '''Print a secret, and end.

    Args:
        video: the video.
        hub_token: a secret.
        ending: how it ends.
    '''
    print("printed:", hub_token, flush=True)
    if ending == "raise":
        raise RuntimeError("cannot open https://hub/" + hub_token)
    if ending == "upload":  # as programs do that were made with the original SDK
        from voxel51.platform.agent import Agent
        link = next(each for each in gc.get_objects() if isinstance(each, Agent))._links["log"]
        log = b"x" * (1024 * 1024 - 2) + b"\\nprinted: " + hub_token.encode()
        urllib.request.urlopen(urllib.request.Request(link, log, method="PUT")).close()
        os._exit(1)
    print("in part:", hub_token[:-2], end="", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ending", ["kill", "raise", "upload"])
def test_printed_secret_is_hidden_however_the_job_ends(platform, tmp_path, ending):
    user = User.create(platform, tmp_path)
    deployed(user, LEAKING, "leaking.py")
    with API(token=Token.from_json(str(user.token))) as api:
        api.set_secret("hub_token", "s3cret-of-hub", [f"{user.name}/leaking"])
        video = api.upload_data(sample_video(tmp_path / "video.mp4"))
        request = JobRequest(f"{user.name}/leaking")
        request.set_input("video", data_id=video["id"])
        request.set_parameter("ending", ending)
        job = api.upload_job_request(request, "leaking", auto_start=True)
        [ended] = api.wait([job["id"]])
        wait_until(lambda: "printed:" in log_of(api, job["id"]), "the job has no log")

        log, message = log_of(api, job["id"]), json.dumps(api.get_job_status(job["id"]))

    assert ended["state"] == "FAILED"
    assert "printed: *************" in log
    assert "s3cret" not in log
    assert "s3cret" not in message
    assert ("cannot open https://hub/***" in message) == (ending == "raise")


def log_of(api, job_id):
    """Return the log of a job; empty before there is one."""
    try:
        return api.download_job_logfile(job_id)
    except APIError as error:
        assert error.code == 404
        return ""


def test_job_uses_a_secret_that_its_owner_granted(platform, tmp_path, monkeypatch, capfd):
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    api = API(token=Token.from_json(str(user.token)))
    with pytest.raises(APIError, match="needs the secret 'hub_token'"):
        api.upload_job_request(JobRequest(SECRETIVE), "without", auto_start=True)
    value = tmp_path / "value.txt"
    value.write_text("s3cret\n")

    assert main(["secrets", "set", "hub_token", "--from", str(value), "--analytic", SECRETIVE]) == 0
    job = api.upload_job_request(JobRequest(SECRETIVE), "with", auto_start=True)
    api.wait_until_job_completes(job["id"])
    api.download_job_output(job["id"], str(tmp_path / "labels.json"))

    labels = json.loads((tmp_path / "labels.json").read_text())
    assert labels["attrs"]["attrs"][0]["value"] == "6 characters"
    assert main(["secrets", "list"]) == 0
    assert SECRETIVE in (shown := capfd.readouterr().out)
    assert "s3cret" not in shown
    assert "s3cret" not in platform.tail()
    assert main(["secrets", "delete", "hub_token"]) == 0
    assert api.list_secrets() == []
