"""A platform whose clock was set forward by a year deletes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.platforms import StartPlatform
from support.stored_files import database_path
from support.waiting import LIMIT_SECONDS, wait_until


def test_data_survive_a_clock_that_is_a_year_ahead(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)

    def request(method: str, path: str, **arguments: Any) -> requests.Response:
        url = f"{platform.url}/v1/{path}"
        return requests.request(method, url, headers=user.headers, timeout=LIMIT_SECONDS, **arguments)

    def upload() -> str:
        return str(request("POST", "data", files={"file": ("a.mp4", b"bytes")}).json()["data"]["id"])

    def change_database(*statements: str) -> None:
        with closing(sqlite3.connect(database_path(platform.folder))) as database, database:
            for statement in statements:
                database.execute(statement)

    lost, kept = upload(), upload()
    platform.stop()
    # As after a step of the clock: the platform looked at it a year ago, and all data have expired since.
    change_database(
        "UPDATE clock SET seen_at = datetime('now', '-366 days')",
        "UPDATE data SET expiration_date = datetime('now', '-1 days')",
    )
    platform.start()

    assert request("PUT", f"data/{kept}/ttl", data={"days": "0.5"}).status_code == 204
    wait_until(lambda: "nothing expires" in platform.log.read_text())
    assert request("GET", f"data/{kept}/download").content == b"bytes"
    platform.stop()
    change_database(
        "UPDATE clock SET seen_at = datetime('now')",
        f"UPDATE data SET expiration_date = datetime('now', '+1 days') WHERE id = '{kept}'",
    )
    platform.start()

    wait_until(lambda: request("GET", f"data/{lost}").status_code == 404)
    assert request("GET", f"data/{kept}/download").content == b"bytes"
