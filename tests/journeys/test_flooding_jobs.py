"""Jobs that flood the platform: their requests are delayed and refused, and what is kept of them is bounded."""

import json
from typing import Any

import requests

from support.accounts import User
from support.bundles import deployed
from support.platforms import StartPlatform
from voxel51.cli.analytic_check import sample_video
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

FLOODING = b"""
import gc, json, threading, urllib.error, urllib.request
from voxel51.platform import Video, VideoLabels, analytic
from voxel51.platform.agent import Agent


@analytic(version="1.0")
def flooding(video: Video) -> VideoLabels:
    '''Send what no program should send.

    Args:
        video: the video.
    '''
    agent = next(each for each in gc.get_objects() if isinstance(each, Agent))
    status, log, refused = agent._links["status"], agent._links["log"], []

    def put(link, body):
        try:
            urllib.request.urlopen(urllib.request.Request(link, body, method="PUT"), timeout=60).close()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Retry-After")
        except OSError:  # the platform answers before it has read the whole body
            return "cut off", None
        return 201, None

    answers = {
        "large": put(status, json.dumps({"messages": "x" * 3_000_000}).encode())[0],
        "tiny values": put(status, b'{"messages": [' + b"0," * 900_000 + b"0]}")[0],
        "nested": put(status, b'{"messages": ' + b"[" * 100_000)[0],
        "log": put(log, b"x" * 20_000)[0],
    }
    for number in range(0, 120, 20):
        messages = [{"message": f"{each}"} for each in range(number + 20)]
        put(status, json.dumps({"state": "RUNNING", "messages": messages}).encode())
    flood = lambda: refused.append(put(status, b'{"state": "RUNNING"}'))
    threads = [threading.Thread(target=flood) for _ in range(60)]
    for each in threads: each.start()
    for each in threads: each.join()
    answers["retry after"] = sorted({after for code, after in refused if code == 429} - {None})
    answers["accepted"] = sum(code == 201 for code, _ in refused)
    answers["refused"] = sum(code == 429 for code, _ in refused)
    print("ANSWERS", json.dumps(answers))
    return VideoLabels()
"""


def test_flood_is_slowed_down_and_the_job_still_ends_as_usual(start_platform: StartPlatform, tmp_path: Any) -> None:
    limits = {"JOB_REQUESTS_PER_SECOND": "5", "JOB_REQUESTS_BURST": "100", "JOB_LOG_BYTES": "10000"}
    platform = start_platform(environment={f"VOXEL51_SERVER_{name}": value for name, value in limits.items()})
    user = User.create(platform, tmp_path)
    deployed(user, FLOODING, "flooding.py")
    with API(token=Token.from_json(str(user.token))) as api:
        video = api.upload_data(sample_video(tmp_path / "video.mp4"))
        request = JobRequest(f"{user.name}/flooding")
        request.set_input("video", data_id=video["id"])
        [job] = api.wait([api.upload_job_request(request, "flooding", auto_start=True)["id"]])
        log = api.download_job_logfile(job["id"])

    assert job["state"] == "COMPLETE", log
    answers = json.loads(log.partition("ANSWERS ")[2].partition("\n")[0])
    assert answers["large"] in {413, "cut off"}
    assert (answers["tiny values"], answers["nested"], answers["log"]) == (400, 400, 413)
    assert answers["accepted"] >= 5
    assert answers["refused"] >= 10
    assert all(1 <= int(seconds) <= 60 for seconds in answers["retry after"])
    assert answers["retry after"]
    assert requests.get(f"{user.v1}/jobs/{job['id']}/status", headers=user.headers, timeout=30).status_code == 200
