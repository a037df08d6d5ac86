"""Uploads of bytes that are on the platform already, over HTTP."""

import hashlib
import os

import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.waiting import LIMIT_SECONDS


def test_same_bytes_are_uploaded_found_and_reused(platform: PlatformProcess, shared_user: User) -> None:
    content = os.urandom(1000)
    asked = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}

    def upload(**fields: str) -> requests.Response:
        files = {"file": ("gate.mp4", content, "video/mp4")}
        url, headers = f"{shared_user.v1}/data", shared_user.headers
        return requests.post(url, headers=headers, files=files, data=fields, timeout=LIMIT_SECONDS)

    def find(**body: object) -> requests.Response:
        url, headers = f"{shared_user.v1}/data/reuse", shared_user.headers
        return requests.post(url, headers=headers, json=body, timeout=LIMIT_SECONDS)

    assert find(**asked).status_code == 404
    first, second, reused = upload(), upload(), upload(reuse="true")
    found = find(**asked)

    assert (first.status_code, second.status_code, reused.status_code, found.status_code) == (201, 201, 200, 200)
    ids = [answer.json()["data"]["id"] for answer in (first, second, reused, found)]
    assert ids[0] != ids[1]
    assert {ids[2], ids[3]} <= {ids[0], ids[1]}
    assert reused.json()["data"].keys() == first.json()["data"].keys()
    assert reused.headers["Repr-Digest"] == first.headers["Repr-Digest"]
    assert find(sha256="abc", size=3).status_code == 400
    assert {find(**{**asked, "size": size}).status_code for size in (-1, 2**63, 10**30)} == {400}
    assert upload(reuse="perhaps").status_code == 400
