"""Batches on a real platform: a platform that is killed while it submits jobs loses none and submits none twice."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.platforms import NO_OP, StartPlatform
from support.stored_files import database_path
from support.waiting import LIMIT_SECONDS, wait_until

VIDEOS = 12


def test_batch_survives_the_death_of_the_platform(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)
    ids = [
        requests.post(
            f"{user.v1}/data", files={"file": (f"{n}.txt", bytes([n]))}, headers=user.headers, timeout=LIMIT_SECONDS
        ).json()["data"]["id"]
        for n in range(VIDEOS)
    ]
    body = {"analytic": NO_OP, "input": "video", "selection": {"query": {"search": "name:.txt"}}, "max_running": 3}
    made = requests.post(f"{user.v1}/batches", json=body, headers=user.headers, timeout=LIMIT_SECONDS)
    assert made.status_code == 201, made.text
    url = f"{user.v1}/batches/{made.json()['batch']['id']}"

    def batch() -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS).json()["batch"]
        return answer

    for least in (1, 4):
        wait_until(lambda least=least: VIDEOS - batch()["counts"]["waiting"] >= least)
        platform.kill()
        platform.start()
    wait_until(lambda: batch()["state"] == "ENDED")

    counts = {state: count for state, count in batch()["counts"].items() if count}
    assert counts == {"complete": VIDEOS}
    items = requests.get(f"{url}/items", headers=user.headers, timeout=LIMIT_SECONDS).json()["items"]
    assert {item["data_id"] for item in items} == {*ids}
    with closing(sqlite3.connect(database_path(platform.folder))) as connection:
        recorded = {job_id for (job_id,) in connection.execute("SELECT id FROM jobs WHERE NOT internal")}
    assert {item["job_id"] for item in items} == recorded
    assert len(recorded) == VIDEOS
