"""Finished jobs: real jobs of users who signed in with a browser, run by the Python client."""

import json
from pathlib import Path
from typing import Any

import requests

from support.browsers import Person
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


def api_of(person: Person, folder: Path) -> API:
    """Return a Python client for ``person``, with a new token."""
    answer = requests.post(
        f"{person.v1}/account/tokens", json={"name": "test"}, headers=person.headers, timeout=LIMIT_SECONDS
    )
    token = folder / f"{person.name}.json"
    token.write_text(json.dumps(answer.json()), encoding="utf-8")
    return API(token=Token.from_json(str(token)))


def finished_job(api: API, analytic: str, data_id: str, name: str = "", **parameters: Any) -> str:
    """Run a job on one video; return its id."""
    request = JobRequest(analytic)
    request.set_input("video", data_id=data_id)
    for parameter, value in parameters.items():
        request.set_parameter(parameter, value)
    job_id: str = api.upload_job_request(request, name or analytic, auto_start=True)["id"]
    api.wait_until_job_completes(job_id, sleep_time=0.2, max_wait_time=120)
    return job_id
