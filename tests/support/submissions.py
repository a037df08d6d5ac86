"""Submissions: upload a file and submit a job, with the client or with plain requests."""

import json
from pathlib import Path
from typing import Any

import requests

from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.jobs import JobRequest


def submit(api: API, analytic: str, *, name: str = "a job", start: bool = True, **parameters: Any) -> str:
    """Submit a job with the client; return its id."""
    request = JobRequest(analytic)
    for parameter, value in parameters.items():
        request.set_parameter(parameter, value)
    job_id: str = api.upload_job_request(request, name, auto_start=start)["id"]
    return job_id


def post_job(
    v1: str,
    headers: dict[str, str],
    analytic: str,
    *,
    name: str = "a job",
    start: bool = True,
    data_id: str = "",
    **parameters: Any,
) -> str:
    """Submit a job with a request to the platform at ``v1``, on the video ``data_id`` if any; return its id."""
    inputs = {"video": {"data-id": data_id}} if data_id else {}
    document = json.dumps({"analytic": analytic, "inputs": inputs, "parameters": parameters})
    files = {"file": ("job.json", document, "application/json")}
    form = {"job_name": name, "auto_start": str(start)}
    response = requests.post(f"{v1}/jobs", headers=headers, files=files, data=form, timeout=LIMIT_SECONDS)
    assert response.status_code == 201, response.text
    return str(response.json()["job"]["id"])


def post_data(
    v1: str, headers: dict[str, str], path: Path, name: str | None = None, media_type: str = "video/mp4"
) -> str:
    """Upload a file with a request to the platform at ``v1``; return the id of its data."""
    with path.open("rb") as content:
        files = {"file": (name or path.name, content, media_type)}
        response = requests.post(f"{v1}/data", headers=headers, files=files, timeout=LIMIT_SECONDS)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])
