"""Bundles for tests: deploy one to a running platform, and follow its build."""

from typing import Any

import requests

from support.accounts import User
from support.waiting import wait_until

ENDED = {"READY", "FAILED"}


def source_of(name: str = "count_frames", version: str = "1.0", body: str = "", at_import: str = "") -> bytes:
    """Return a Python file with an analytic that marks each frame."""
    return f"""
from voxel51.platform import Video, VideoLabels, analytic
{at_import}

@analytic(version="{version}")
def {name}(video: Video) -> VideoLabels:
    '''Mark each frame.

    Args:
        video: the video.
    '''
    labels = VideoLabels()
    for frame in video:
        labels.add_box(frame, "{name} {version}", (0, 0, 8, 8))
    {body}
    return labels
""".encode()


def deploy(user: User, content: bytes, filename: str = "count_frames.py", headers: Any = None) -> requests.Response:
    """Deploy a bundle."""
    files = {"bundle": (filename, content)}
    return requests.post(f"{user.v1}/analytics/bundles", files=files, headers=headers or user.headers, timeout=60)


def build_of(user: User, analytic_id: str) -> dict[str, Any]:
    """Return the build of a bundle."""
    answer = requests.get(f"{user.v1}/analytics/{analytic_id}/build", headers=user.headers, timeout=30)
    build: dict[str, Any] = answer.json()["build"]
    return build


def log_of(user: User, analytic_id: str) -> str:
    """Return the log of a build so far."""
    url, text, offset = f"{user.v1}/analytics/{analytic_id}/build/log", "", 0
    while True:
        part = requests.get(url, params={"offset": offset}, headers=user.headers, timeout=30).json()
        text += part["text"]
        if part["is_complete"] or part["next_offset"] == offset:
            return text
        offset = part["next_offset"]


def deployed(user: User, content: bytes, filename: str = "count_frames.py") -> str:
    """Deploy a bundle and return the id of its analytic once it is ready."""
    answer = deploy(user, content, filename)
    assert answer.status_code == 202, answer.text
    analytic_id = str(answer.json()["analytic"]["id"])
    wait_until(lambda: build_of(user, analytic_id)["state"] in ENDED, "the bundle was not built")
    assert build_of(user, analytic_id)["state"] == "READY", log_of(user, analytic_id)
    return analytic_id
