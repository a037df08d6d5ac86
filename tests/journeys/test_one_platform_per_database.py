"""Two platforms on one PostgreSQL database: the second one is rejected, whichever data folder it has."""

import shutil
from pathlib import Path

import pytest

from demo.platform_process import PlatformDied
from support.accounts import User
from support.platforms import PATIENT, StartPlatform, new_platform
from support.postgresql import PostgreSQL
from support.submissions import post_job
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token


def test_second_platform_is_rejected_and_the_first_goes_on(
    start_platform: StartPlatform, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    environment = {"VOXEL51_SERVER_DATABASE_URL": postgresql.database()}
    first = start_platform(environment=environment)
    user = User.create(first, tmp_path)
    with API(token=Token.from_json(str(user.token))) as api:
        job_id = post_job(user.v1, user.headers, PATIENT, seconds=600)
        wait_until(lambda: api.get_job_state(job_id) == "RUNNING")

        stranger = new_platform(tmp_path / "stranger", environment=environment)
        with pytest.raises(PlatformDied, match="belongs to the platform with the storage"):
            stranger.start()
        shutil.copytree(first.folder, tmp_path / "copy")
        copy = new_platform(tmp_path / "copy", environment=environment)
        with pytest.raises(PlatformDied, match="a platform is already running on this database"):
            copy.start()

        assert api.get_job_state(job_id) == "RUNNING"
        api.kill_job(job_id)

    first.kill()
    first.start()  # at once: it is in the same place
    assert first.stop() == 0
    moved = tmp_path / "moved"
    first.folder.rename(moved)
    start_platform(folder=moved, environment=environment)
