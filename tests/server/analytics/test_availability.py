"""Availability: why no job can run a container image, by the kind of the analytic and what the platform lacks."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.image_archives import docker_archive
from support.stored_files import database_path
from voxel51.server.analytics.availability import Availability, analytic_rows
from voxel51.server.analytics.service import record_of
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.extras import EXTRAS
from voxel51.server.wiring.containers import missing_for_frames
from voxel51.wire.analytics import AnalyticType

INFO = {"name": "counter", "version": "1.0", "description": "d", "supports_cpu": True, "supports_gpu": False}
PARTS = {"inputs": [], "parameters": [], "outputs": [], "zip_outputs": False}

Upload = Callable[[AnalyticType], str]
ReasonOf = Callable[[str], str | None]


@pytest.fixture
def upload(platform: PlatformProcess, tmp_path: Path) -> Upload:
    """A function that uploads an analytic with its image, and returns its id."""
    user = User.create(platform, tmp_path)
    url = f"{user.v1}/analytics"

    def post(kind: AnalyticType) -> str:
        manifest = {"info": INFO} | (PARTS if kind is AnalyticType.PLATFORM else {})
        given = {"files": {"file": ("m.json", json.dumps(manifest).encode())}, "data": {"analytic_type": kind.value}}
        answer = requests.post(url, headers=user.headers, timeout=60, **given)
        assert answer.status_code == 201, answer.text
        analytic_id: str = answer.json()["analytic"]["id"]
        image = {"file": ("image.tar", docker_archive(b"x" * 3000))}
        answer = requests.post(f"{url}/{analytic_id}/images?type=CPU", files=image, headers=user.headers, timeout=60)
        assert answer.status_code == 201, answer.text
        return analytic_id

    return post


@pytest.fixture
def reason_of(platform: PlatformProcess) -> ReasonOf:
    """A function that returns the reason for an analytic on this machine, if it had a container engine."""
    database = Database(sqlite_url(database_path(platform.folder)))
    availability = Availability(lambda: None, missing_for_frames)

    def reason(analytic_id: str) -> str | None:
        with database.read() as connection:
            row = connection.execute(analytic_rows.where(analytics.c.id == analytic_id)).one()
        return record_of(row, availability)["unavailable_reason"]

    return reason


@pytest.mark.parametrize("kind", AnalyticType)
def test_images_are_available_where_everything_is_installed(
    upload: Upload, reason_of: ReasonOf, kind: AnalyticType
) -> None:
    assert reason_of(upload(kind)) is None


def test_image_to_video_needs_the_packages_that_extract_frames(
    upload: Upload, reason_of: ReasonOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    analytic_id = upload(AnalyticType.IMAGE_TO_VIDEO)

    monkeypatch.setitem(EXTRAS, "labels", ("a_package_that_is_not_installed",))

    assert reason_of(analytic_id) == (
        "it is a container image for the frames of videos, which cannot be extracted: the extra 'labels' is not "
        "installed on the platform (pip install 'voxel51-platform[labels]')"
    )


def test_other_images_need_no_frames(upload: Upload, reason_of: ReasonOf, monkeypatch: pytest.MonkeyPatch) -> None:
    analytic_id = upload(AnalyticType.PLATFORM)

    monkeypatch.setitem(EXTRAS, "labels", ("a_package_that_is_not_installed",))

    assert reason_of(analytic_id) is None
