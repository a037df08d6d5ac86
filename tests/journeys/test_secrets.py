"""Secrets through the command line and a job: granted, used, and not disclosed."""

import json

import pytest

from support.accounts import User
from support.platforms import SECRETIVE
from voxel51.cli.main import main
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


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
