"""Services on each type of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.job_services import Rooms, job_rooms


@pytest.fixture
def rooms(tmp_path: Path, database_url: str) -> Iterator[Rooms]:
    with job_rooms(tmp_path, database_url) as built:
        yield built
