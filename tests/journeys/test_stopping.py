"""SIGTERM during work: an orderly end that loses nothing and leaves nothing."""

import os
import time
from pathlib import Path

import requests

from support.accounts import User
from support.leftover_processes import Family
from support.platforms import StartPlatform
from support.raw_http import connect
from support.stored_files import orphans
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


def test_stop_during_a_job_and_an_upload_keeps_the_job_and_no_partial_file(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)
    request = JobRequest("journeys/patient")
    request.set_parameter("seconds", 3)
    with API(token=Token.from_json(str(user.token))) as api:
        job_id = api.upload_job_request(request, "interrupted", auto_start=True)["id"]
        deadline = time.monotonic() + LIMIT_SECONDS
        while api.get_job_state(job_id) != "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.02)

        with connect(platform.url) as upload:
            head = (
                f"POST /v1/data HTTP/1.1\r\nhost: platform\r\nauthorization: Bearer {user.key}\r\n"
                "content-type: multipart/form-data; boundary=b\r\ncontent-length: 50000000\r\n\r\n"
                '--b\r\nContent-Disposition: form-data; name="file"; filename="half.mp4"\r\n\r\n'
            )
            upload.sendall(head.encode() + os.urandom(4_000_000))
            while not any((platform.folder / "storage" / "incoming").iterdir()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            family = Family(platform.pid)
            assert platform.stop() == 0, platform.tail()

        family.assert_gone()
        assert not any((platform.folder / "storage" / "incoming").iterdir())
        assert orphans(platform.folder) == []
        assert "Traceback" not in platform.log.read_text(), platform.tail()
        assert not (platform.folder / "server.json").exists()

        platform.start()
        api.wait_until_job_completes(job_id, sleep_time=0.2, max_wait_time=LIMIT_SECONDS)
        assert requests.get(f"{user.v1}/data", headers=user.headers, timeout=LIMIT_SECONDS).json()["count"] == 0
