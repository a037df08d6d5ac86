"""Services on each type of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.job_services import JobServices, open_job_services


@pytest.fixture
def services(tmp_path: Path, database_url: str) -> Iterator[JobServices]:
    with open_job_services(tmp_path, database_url) as built:
        yield built
