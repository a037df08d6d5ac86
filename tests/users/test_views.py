"""Texts and notebook views of clients, requests and results: short, and without secrets."""

from pathlib import Path

import pytest

from voxel51.apps.api import ApplicationAPI
from voxel51.apps.auth import ApplicationToken
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.users.running import RunResult
from voxel51.wire.jobs import JobRecord

JOB: JobRecord = {"id": "j1", "name": "<b>street</b>", "state": "COMPLETE", "analytic": "voxel51/object-tracks"}


@pytest.mark.parametrize("client", [API, AsyncAPI])
def test_a_client_shows_its_platform_and_no_secret(client: type[API]) -> None:
    api = client(Token.from_private_key("top-secret", "http://user:password@host:5151"))

    assert repr(api) == f"{client.__name__}('http://host:5151/v1', token_id=None)"


def test_an_application_shows_its_active_user() -> None:
    api = ApplicationAPI(ApplicationToken.from_private_key("top-secret", "http://host"))
    api.with_user("alice")

    assert repr(api) == "ApplicationAPI('http://host/v1', token_id=None, active_user='alice')"


def test_a_request_shows_what_it_requests() -> None:
    request = JobRequest("voxel51/object-tracks", version="1.0")
    request.set_input("video", data_id="d1")
    request.set_parameter("confidence", 0.5)

    assert repr(request) == (
        "JobRequest('voxel51/object-tracks', version='1.0', inputs={'video': RemoteDataPath(data_id='d1')}, "
        "parameters={'confidence': 0.5})"
    )


def test_a_result_is_a_poster_a_table_and_a_link_in_notebooks() -> None:
    result = RunResult(JOB, {"video": "d1"}, Path("labels.json"), "http://host/jobs/j1", lambda _data_id: b"jpeg")

    html = result._repr_html_()

    assert '<img src="data:image/jpeg;base64,anBlZw=="' in html
    assert '<a href="http://host/jobs/j1"' in html
    assert "<td>labels.json</td>" in html
    assert "&lt;b&gt;street&lt;/b&gt;" in html
    assert "poster" not in repr(result)


def test_a_result_without_a_poster_is_shown_all_the_same() -> None:
    def refuse(_data_id: str) -> bytes:
        raise OSError

    for poster in (None, refuse):
        assert "<img" not in RunResult(JOB, {"video": "d1"}, None, None, poster)._repr_html_()
