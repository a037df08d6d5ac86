"""Roles: settings that ask for processes which cannot work together are refused with a sentence."""

import pytest

from voxel51.server.roles import Role
from voxel51.server.settings import SettingError, Settings

POSTGRESQL = {"VOXEL51_SERVER_DATABASE_URL": "postgresql://v51@127.0.0.1/v51"}


@pytest.mark.parametrize(
    ("environment", "given", "message"),
    [
        ({}, {"workers": "2"}, "workers is 2, but with SQLite one process does everything"),
        ({}, {"role": "api"}, "role is api, but with SQLite one process does everything"),
        (POSTGRESQL, {"role": "dispatcher"}, "set job_url"),
        (POSTGRESQL, {"role": "dispatcher", "workers": "2"}, "workers is 2, but role is dispatcher"),
        (POSTGRESQL, {"workers": "0"}, "workers is 0"),
        (POSTGRESQL, {"role": "everything"}, "role is 'everything'"),
    ],
)
def test_processes_that_cannot_work_together_are_refused(
    environment: dict[str, str], given: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        Settings.load(environment, given)


def test_roles_tell_what_a_process_does() -> None:
    does = {role: (role.serves_requests, role.runs_jobs) for role in Role}

    assert does == {Role.ALL: (True, True), Role.API: (True, False), Role.DISPATCHER: (False, True)}


def test_dispatcher_is_reached_by_its_jobs_at_the_public_url_if_no_other_is_set() -> None:
    settings = Settings.load(POSTGRESQL, {"role": "dispatcher", "public_url": "https://video.example.org"})

    assert settings.role is Role.DISPATCHER
