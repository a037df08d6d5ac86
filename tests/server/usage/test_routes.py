"""Routes and command of the usage ledger on a running platform."""

import csv
from pathlib import Path

import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.platforms import new_platform, running
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.wire import dates

MONTH = dates.to_text(dates.now())[:7]


def test_operators_and_applications_get_their_months(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(b"video")
    with running(new_platform(tmp_path / "data")) as platform:
        operator = operator_of(platform)
        user, portal = User.create(platform, tmp_path), Application.create(platform, tmp_path)
        requests.post(f"{portal.v1}/apps/users", json={"username": "someone"}, headers=portal.headers(), timeout=20)
        files = {"file": ("video.mp4", b"12345")}
        requests.post(
            f"{portal.v1}/data", files=files, headers=portal.headers("someone"), timeout=20
        ).raise_for_status()
        with API(Token.from_json(str(user.token))) as api:
            api.delete_data(api.upload_data(str(video))["id"])

        by_operator = operator.get(f"{platform.url}/v1/admin/usage/months/{MONTH}", timeout=20).json()
        used = {owner["username"]: (owner["stored_bytes"], owner["uploaded_bytes"]) for owner in by_operator["owners"]}
        assert used == {user.name: (0, 5), "someone": (5, 5)}
        of_portal = requests.get(f"{portal.v1}/apps/usage/months/{MONTH}", headers=portal.headers(), timeout=20).json()
        assert [owner["application"] for owner in of_portal["owners"]] == [portal.name]

        table = operator.get(f"{platform.url}/v1/admin/usage/table?from=2026-01", timeout=20)
        assert table.headers["content-type"].startswith("text/csv")
        assert table.headers["content-disposition"] == f'attachment; filename="usage-2026-01-to-{MONTH}.csv"'
        assert {row["username"] for row in csv.DictReader(table.text.splitlines())} == {user.name, "someone"}
        printed = platform.run_command("server", "usage", "--from", "2026-01")
        assert printed.split("\n")[0] == table.text.split("\n")[0]
        assert f",{user.name}," in printed

        for path in (f"usage/months/{MONTH}", "usage/table"):
            assert requests.get(f"{user.v1}/admin/{path}", headers=user.headers, timeout=20).status_code == 403
            assert requests.get(f"{user.v1}/apps/{path}", headers=user.headers, timeout=20).status_code == 401
        for path in ("months/2026-13", "months/..%2f..", "table?from=x", "table?from=2026-02&to=2026-01"):
            refused = operator.get(f"{platform.url}/v1/admin/usage/{path}", timeout=20)
            assert refused.status_code in {400, 404}, path


def operator_of(platform: PlatformProcess) -> requests.Session:
    session = requests.Session()
    body = {"username": "root", "password": "correct horse"}
    assert session.post(f"{platform.url}/v1/sign-up", json=body, timeout=20).status_code == 201
    return session
