"""Uploads of container images with plain requests, as old clients send them."""

import json
from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.waiting import LIMIT_SECONDS, wait_until

ENDED = {"COMPLETE", "FAILED"}


def upload_image(
    user: User, manifest: dict[str, Any], archive: Path, analytic_type: str = "PLATFORM", image_type: str = "cpu"
) -> dict[str, Any]:
    """Upload a manifest and its only image, and return the record of the analytic."""
    files = {"file": ("manifest.json", json.dumps(manifest))}
    form = {"analytic_type": analytic_type}
    answer = requests.post(f"{user.v1}/analytics", headers=user.headers, files=files, data=form, timeout=LIMIT_SECONDS)
    assert answer.status_code == 201, answer.text
    analytic_id = answer.json()["analytic"]["id"]
    with archive.open("rb") as content:
        answer = requests.post(
            f"{user.v1}/analytics/{analytic_id}/images", headers=user.headers, params={"type": image_type},
            files={"file": (archive.name, content, "application/x-tar")}, timeout=LIMIT_SECONDS,
        )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return record_of(user, analytic_id)


def record_of(user: User, analytic_id: str) -> dict[str, Any]:
    """Return the record of an analytic."""
    answer = requests.get(f"{user.v1}/analytics/{analytic_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    record: dict[str, Any] = answer.json()["analytic"]
    return record


def job_of(user: User, job_id: str) -> dict[str, Any]:
    """Return the details of a job."""
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    job: dict[str, Any] = answer.json()["job"]
    return job


def ended_job(user: User, job_id: str) -> dict[str, Any]:
    """Wait until a job has ended, and return its details."""
    wait_until(lambda: job_of(user, job_id)["state"] in ENDED, lambda: f"the job did not end: {job_of(user, job_id)}")
    return job_of(user, job_id)


def file_of(user: User, job_id: str, kind: str) -> requests.Response:
    """Return the response with the ``output`` or ``log`` of a job."""
    return requests.get(f"{user.v1}/jobs/{job_id}/{kind}", headers=user.headers, timeout=LIMIT_SECONDS)
