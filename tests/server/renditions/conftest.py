"""Fixtures: the services behind jobs and renditions, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.job_services import Rooms, job_rooms


@pytest.fixture
def rooms(tmp_path: Path, database_url: str) -> Iterator[Rooms]:
    with job_rooms(tmp_path, database_url) as built:
        yield built
