"""Iteration over lists of any length, against a real platform."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.loopback_server import Loopback, Received, Reply
from support.platforms import NO_OP
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.calls import data
from voxel51.users.jobs import JobRequest
from voxel51.users.paging import pages
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery

COUNT = 12


@pytest.fixture
def own(platform: PlatformProcess, tmp_path: Path) -> Iterator[API]:
    """API client of a user with `COUNT` data, file-00 to file-11."""
    user = User.create(platform, tmp_path)
    with API(Token.from_json(user.token)) as client:
        for number in range(COUNT):
            upload(client, tmp_path, number)
        yield client


def upload(api: API, folder: Path, number: int) -> None:
    path = folder / f"file-{number:02}"
    path.write_bytes(b"content")
    api.upload_data(path)


def names(numbers: Any) -> list[str]:
    return [f"file-{number:02}" for number in numbers]


def iterate(api: API, query: DataQuery, page_size: int = 5) -> Iterator[Any]:
    return api._iterate(pages(query, data.query, lambda page: page["data"], page_size))


def test_all_records_are_read_oldest_first(own: API) -> None:
    assert [each["name"] for each in iterate(own, DataQuery())] == names(range(COUNT))
    assert [each["name"] for each in own.iter_data()] == names(range(COUNT))


@pytest.mark.parametrize("page_size", [2, 3, 4, 6, 11, 12, 13])
def test_each_record_comes_once_with_any_page_size(own: API, page_size: int) -> None:
    assert [each["name"] for each in iterate(own, DataQuery(), page_size)] == names(range(COUNT))


def test_the_query_selects_fields_order_and_range(own: API) -> None:
    query = DataQuery().add_field("name").sort_by("name").set_offset(2).set_limit(7)

    assert list(iterate(own, query, 3)) == [{"name": name} for name in names(range(9, 2, -1))]
    assert (query.fields, query.offset, query.limit) == (["name"], 2, 7)


def test_deletions_during_iteration_skip_no_record(own: API) -> None:
    seen = []
    for each in iterate(own, DataQuery()):
        own.delete_data(each["id"])
        seen.append(each["name"])

    assert seen == names(range(COUNT))
    assert own.list_data() == []


def test_records_added_during_iteration_come_last(own: API, tmp_path: Path) -> None:
    found = iterate(own, DataQuery())
    seen = [next(found)["name"] for _ in range(7)]
    upload(own, tmp_path, COUNT)

    assert seen + [each["name"] for each in found] == names(range(COUNT + 1))


def test_pages_are_fetched_as_needed(api: API, loopback: Loopback) -> None:
    def choose(request: Received) -> Reply:
        start = int(request.json.get("cursor", 0))
        end = start + request.json["limit"]
        return Reply.of({"jobs": [{"id": str(number)} for number in range(start, end)], "next_cursor": str(end)})

    loopback.choose = choose
    jobs = api.iter_jobs()

    assert loopback.requests == []
    assert next(jobs) == {"id": "0"}
    assert len(loopback.requests) == 1


def test_jobs_and_analytics_are_iterated(own: API) -> None:
    job_id = own.upload_job_request(JobRequest(NO_OP), "a job")["id"]

    assert [job["id"] for job in own.iter_jobs(JobsQuery().add_search("name", "a job"))] == [job_id]
    assert [job["id"] for job in own.iter_jobs()] == [job_id]
    assert NO_OP in {each["name"] for each in own.iter_analytics()}
    assert [each["name"] for each in own.iter_analytics(AnalyticsQuery().add_search("name", NO_OP))] == [NO_OP]
    assert list(own.iter_data(DataQuery().add_search("name", "nowhere"))) == []
