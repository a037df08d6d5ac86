"""Totals of label searches: they count seconds of video, not seconds summed over tracks."""

import json

import pytest

from support.job_services import JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.search.query import LabelQuery
from voxel51.server.search.service import SearchService
from voxel51.wire.search import SpanRecord

RATE = 25.0


def span(label: str, track: int, first: int, last: int) -> SpanRecord:
    return {
        "kind": "object",
        "label": label,
        "track": track,
        "text": None,
        "first_frame": first,
        "last_frame": last,
        "frame_count": last - first + 1,
        "seconds": round((last - first + 1) / RATE, 3),
        "confidence": 0.9,
    }


def complete_job(
    services: JobServices, search: SearchService, user: User, data_id: str, spans: list[SpanRecord]
) -> str:
    request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": data_id}}}
    job_id = services.jobs.submit(user, json.dumps(request).encode(), "a job", auto_start=True, ttl=None)["id"]
    _, attempt = services.claim()
    search.keep(attempt, {"spans": spans, "is_complete": True})
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    return job_id


CARS = [
    span("car", 1, 1, 1000),  # 40 s
    span("car", 2, 1, 1000),  # at the same time
    span("car", 3, 501, 600),  # within
    span("car", 4, 901, 1250),  # 10 s more
    span("car", 5, 2001, 2025),  # 1 s, apart
    span("person", 6, 1, 25),
]


@pytest.fixture
def alice(services: JobServices) -> User:
    return services.accounts.create_user("alice")


def test_simultaneous_tracks_count_once(services: JobServices, alice: User) -> None:
    search = SearchService(services.database)
    complete_job(services, search, alice, services.add_data(alice), CARS)

    [match] = search.find(alice, LabelQuery.read({"labels": "car"}))["matches"]
    names = {each["label"]: each for each in search.names(alice)}

    assert (match["found"]["car"]["spans"], match["found"]["car"]["frames"]) == (5, 1275)
    assert match["found"]["car"]["seconds"] == pytest.approx(51.0)
    assert names["car"] == {"label": "car", "kind": "object", "jobs": 1, "spans": 5, "seconds": 51.0}
    assert names["person"]["seconds"] == pytest.approx(1.0)


def test_several_jobs_on_one_video_count_once_and_videos_add_up(services: JobServices, alice: User) -> None:
    search = SearchService(services.database)
    one, other = services.add_data(alice), services.add_data(alice, b"another video")
    complete_job(services, search, alice, one, CARS)
    complete_job(services, search, alice, one, [span("car", 1, 1, 1100)])
    complete_job(services, search, alice, other, [span("car", 1, 1, 50)])

    [car] = [each for each in search.names(alice) if each["label"] == "car"]

    assert (car["jobs"], car["spans"], car["seconds"]) == (3, 7, 53.0)
