"""Fixtures of the journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.small_disks import mounted_small_disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    with mounted_small_disk(tmp_path / "small-disk") as folder:
        yield folder
