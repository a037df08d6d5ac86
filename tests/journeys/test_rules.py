"""Rules on a real platform: one that is killed while videos arrive runs each of them once."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.platforms import NO_OP, StartPlatform
from support.stored_files import database_path
from support.waiting import LIMIT_SECONDS, wait_until

VIDEOS = 6


def test_rules_survive_the_death_of_the_platform(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)
    body = {"trigger": "upload", "runs": [{"analytic": NO_OP, "input": "video"}]}
    made = requests.post(f"{user.v1}/rules", json=body, headers=user.headers, timeout=LIMIT_SECONDS)
    assert made.status_code == 201, made.text
    url = f"{user.v1}/rules/{made.json()['rule']['id']}"

    def counts() -> dict[str, Any]:
        answer = requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS).json()["rule"]
        return {state: count for state, count in answer["counts"].items() if count}

    ids = []
    for number in range(VIDEOS):
        files = {"file": (f"{number}.mp4", bytes([number]))}
        sent = requests.post(f"{user.v1}/data", files=files, headers=user.headers, timeout=LIMIT_SECONDS)
        ids.append(sent.json()["data"]["id"])
        if number in {2, 4}:
            platform.kill()
            platform.start()
    wait_until(lambda: counts() == {"complete": VIDEOS}, lambda: str(counts()))

    items = requests.get(f"{url}/items", headers=user.headers, timeout=LIMIT_SECONDS).json()["items"]
    assert [item["data_id"] for item in items] == ids[::-1]
    with closing(sqlite3.connect(database_path(platform.folder))) as connection:
        recorded = {job_id for (job_id,) in connection.execute("SELECT id FROM jobs WHERE NOT internal")}
    assert {item["job_id"] for item in items} == recorded
    assert len(recorded) == VIDEOS
