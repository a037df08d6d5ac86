"""The machine as a container sees it: quotas of processor time count, not the processors of the host."""

import os
from pathlib import Path

import pytest

from voxel51.server import machine

_ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (("100000 100000",), 1), (("150000 1000000",), 1), (("50000", "100000"), 1),
        (("max 100000",), _ALL), (("-1", "100000"), _ALL), (("9900000 100000",), _ALL), (("",), _ALL), ((), _ALL),
    ],
)  # fmt: skip
def test_a_quota_of_processor_time_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: tuple[str, ...], expected: int
) -> None:
    paths = tuple(tmp_path / str(number) for number in range(len(contents)))
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content + "\n")
    monkeypatch.setattr(machine, "_QUOTA_FILES", (paths,))

    assert machine.processors() == expected
