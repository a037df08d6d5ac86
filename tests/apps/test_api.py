"""Application client, against a real platform."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import Application
from support.platforms import NO_OP
from voxel51.apps.api import ApplicationAPI, ApplicationAPIError
from voxel51.apps.auth import ApplicationToken
from voxel51.transport.errors import APIError, AuthenticationFailed, Conflict, InvalidRequest, NotFound
from voxel51.users.jobs import JobRequest
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery


@pytest.fixture
def api(platform: PlatformProcess, tmp_path: Path) -> Iterator[ApplicationAPI]:
    """API client of a new application with the users alice and bob."""
    application = Application.create(platform, tmp_path)
    with ApplicationAPI.from_json(application.token) as client:
        client.create_user("alice")
        client.create_user("bob")
        yield client


def upload(api: ApplicationAPI, path: Path) -> str:
    path.write_bytes(b"content")
    return api.upload_data(path)["id"]


def test_users_are_listed(api: ApplicationAPI) -> None:
    assert sorted(api.list_users()) == ["alice", "bob"]


def test_application_lets_its_users_share_results(api: ApplicationAPI) -> None:
    assert api.shares_results() is False

    api.share_results()
    assert api.shares_results() is True
    api.share_results(enabled=False)
    assert api.shares_results() is False

    with pytest.raises(ApplicationAPIError, match="enabled"):
        api.share_results("yes")  # type: ignore[arg-type]


def test_data_of_one_user_are_hidden_from_another(api: ApplicationAPI, tmp_path: Path) -> None:
    api.with_user("alice")
    data_id = upload(api, tmp_path / "of-alice.txt")

    api.with_user("bob")

    assert (api.active_user, api.list_data()) == ("bob", [])
    with pytest.raises(NotFound):
        api.get_data_details(data_id)


def test_the_application_queries_records_of_all_its_users(api: ApplicationAPI, tmp_path: Path) -> None:
    for user in ("alice", "bob"):
        api.with_user(user)
        upload(api, tmp_path / f"of-{user}.txt")
        api.upload_job_request(JobRequest(NO_OP), f"a job of {user}")
    api.exit_user()

    data = api.query_application_data(DataQuery().add_fields(["id", "name"]).sort_by("name", descending=False))
    jobs = api.query_application_jobs(JobsQuery().add_field("name").add_search("name", "bob"))

    assert [each["name"] for each in data["data"]] == ["of-alice.txt", "of-bob.txt"]
    assert (jobs["jobs"], jobs["count"]) == ([{"name": "a job of bob"}], 1)


def test_analytics_and_status_need_no_active_user(api: ApplicationAPI) -> None:
    analytic_id = api.get_analytic_id(NO_OP)

    assert api.get_analytic_details(analytic_id)["name"] == NO_OP
    assert api.get_analytic_doc(analytic_id)["info"]["name"]
    assert NO_OP in {each["name"] for each in api.list_analytics()}
    assert api.query_analytics(AnalyticsQuery().add_search("name", NO_OP))["count"] == 1
    assert api.get_platform_status()["platform"]["operational"]


REJECTED: dict[str, tuple[Callable[[ApplicationAPI], Any], type[APIError]]] = {
    "existing user": (lambda api: api.create_user("alice"), Conflict),
    "empty user name": (lambda api: api.create_user(""), InvalidRequest),
    "unknown analytic": (lambda api: api.get_analytic_details("nowhere"), NotFound),
}


@pytest.mark.parametrize(("call", "kind"), REJECTED.values(), ids=REJECTED)
def test_calls_of_the_application_raise_application_errors(
    api: ApplicationAPI, call: Callable[[ApplicationAPI], Any], kind: type[APIError]
) -> None:
    with pytest.raises(ApplicationAPIError) as caught:
        call(api)

    assert isinstance(caught.value, kind)
    assert caught.value.advice == kind.advice
    assert str(caught.value) == f"{caught.value.code}: {caught.value.message}"


def test_calls_for_a_user_raise_user_errors(api: ApplicationAPI) -> None:
    for user, kind in ((None, APIError), ("alice", NotFound), ("nobody", NotFound)):
        api.active_user = user
        with pytest.raises(kind) as caught:
            api.get_job_details("nowhere")
        assert not isinstance(caught.value, ApplicationAPIError)


def test_an_unknown_application_is_rejected(platform: PlatformProcess) -> None:
    with (
        ApplicationAPI(ApplicationToken.from_private_key("unknown", platform.url)) as api,
        pytest.raises(ApplicationAPIError) as caught,
    ):
        api.list_users()

    assert isinstance(caught.value, AuthenticationFailed)
