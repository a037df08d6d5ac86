"""Requests to the platform that tests of the console make beside the browser, and checks that fit every page."""

import json
from pathlib import Path
from typing import Any

import requests

from support.browsers import PHONE, Person, Visit
from support.submissions import post_data, post_job


def upload(person: Person, path: Path, name: str | None = None, media_type: str = "video/mp4") -> str:
    """Upload a file; return the id of its data."""
    return post_data(person.v1, person.headers, path, name, media_type)


def submit(person: Person, analytic: str, name: str, *, start: bool = True, data: str = "", **parameters: Any) -> str:
    """Submit a job, on the video with the id ``data`` if any; return its id."""
    return post_job(person.v1, person.headers, analytic, name=name, start=start, data_id=data, **parameters)


def job_of(person: Person, job_id: str) -> dict[str, Any]:
    """Return the record of a job."""
    record: dict[str, Any] = requests.get(f"{person.v1}/jobs/{job_id}", headers=person.headers).json()["job"]
    return record


def jobs_of(person: Person) -> dict[str, dict[str, Any]]:
    """Return the records of all jobs by name."""
    jobs = requests.get(f"{person.v1}/jobs", headers=person.headers).json()["jobs"]
    return {job["name"]: job for job in jobs}


def request_of(person: Person, job_id: str) -> dict[str, Any]:
    """Return the request of a job."""
    document: dict[str, Any] = requests.get(f"{person.v1}/jobs/{job_id}/request", headers=person.headers).json()
    return document


def analytic_id(person: Person, name: str) -> str:
    """Return the id of the latest version of an analytic."""
    analytics = requests.get(f"{person.v1}/analytics", headers=person.headers).json()["analytics"]
    return next(str(each["id"]) for each in analytics if each["name"] == name)


def upload_manifest(person: Person, manifest: Any) -> str:
    """Upload the manifest of an analytic, and return its id."""
    files = {"file": ("manifest.json", json.dumps(manifest), "application/json")}
    answer = requests.post(f"{person.v1}/analytics", headers=person.headers, files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["analytic"]["id"])


def assert_usable(visit: Visit) -> None:
    """Assert that the page is accessible in both themes, and fits on a phone."""
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    before = visit.page.viewport_size
    assert before is not None
    visit.page.set_viewport_size(PHONE)
    visit.assert_fits()
    visit.page.set_viewport_size(before)
