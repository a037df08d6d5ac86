"""Types of the client's surface. This file is not run: `test_surface.py` has it checked."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from voxel51.apps.api import ApplicationAPI
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.jobs import JobRequest
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.running import RunResult
from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord
from voxel51.wire.data import DataList, DataRecord
from voxel51.wire.jobs import JobList, JobRecord


def users(api: API) -> None:
    assert_type(api.list_analytics(), list[AnalyticRecord])
    assert_type(api.get_analytic_doc("a"), AnalyticDocument)
    assert_type(api.upload_data("path"), DataRecord)
    assert_type(api.query_data(DataQuery().add_all_fields().set_limit(3)), DataList)
    assert_type(api.query_jobs(JobsQuery().add_search("archived", False)), JobList)
    assert_type(api.upload_job_request(JobRequest("a/b"), "name")["id"], str)
    assert_type(api.get_job_details("j").get("frame_count"), int | None)
    assert_type(api.get_job_request("j"), JobRequest)
    assert_type(api.download_job_logfile("j"), str)
    assert_type(api.iter_analytics(AnalyticsQuery()), Iterator[AnalyticRecord])
    assert_type(api.iter_jobs(), Iterator[JobRecord])
    assert_type(api.wait(["j"], timeout=5, progress=True), Iterator[JobRecord])
    assert_type(api.run("a/b", {"video": "path"}, {"rate": 1}, output_dir="out", timeout=60), RunResult)
    assert_type(api.thread_map(api.get_job_details, ["j"], max_workers=4), list[JobRecord])
    parameters: dict[str, Any] = api.get_job_request("j").parameters
    assert_type(parameters, dict[str, Any])


async def asyncio(api: AsyncAPI) -> None:
    assert_type(await api.list_jobs(), list[JobRecord])
    assert_type(await api.upload_data("path"), DataRecord)
    assert_type(api.iter_data(), AsyncIterator[DataRecord])
    assert_type([job async for job in api.wait(["j"])], list[JobRecord])
    assert_type(await api.run("a/b", {}), RunResult)


def applications(api: ApplicationAPI) -> None:
    assert_type(api.list_users(), list[str])
    assert_type(api.shares_results(), bool)
    assert_type(api.query_application_data(DataQuery()), DataList)
    assert_type(api.active_user, str | None)


def invalid_calls(api: API) -> None:
    api.list_jobs(5)  # type: ignore[call-arg]
    api.query_data(JobsQuery())  # type: ignore[arg-type]
    api.run("a/b", {}, output="out")  # type: ignore[call-arg]
