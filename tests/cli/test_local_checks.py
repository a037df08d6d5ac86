"""Commands on local files: the summary of a comparison, and which video the checks of an analytic use."""

from pathlib import Path
from typing import Any

import pytest

from voxel51.cli.analytic_check import checks
from voxel51.cli.comparison import comparison_table
from voxel51.runners.local_run import LocalEnd


@pytest.mark.parametrize(
    ("frames", "changed", "expected"),
    [
        ([], [], "No box differs at an overlap (IoU) of 0.5"),
        ([7], [1], "Boxes differ in 1 frame at an overlap (IoU) of 0.5; 1 box has another label. It is frame 7"),
        ([7, 9], [2], "in 2 frames at an overlap (IoU) of 0.5; 2 boxes have another label. The first is frame 7"),
    ],
)
def test_summary_of_a_comparison_counts_in_words(frames: list[int], changed: list[int], expected: str) -> None:
    differences = {"frames": frames, "changed": changed}
    document = {"boxes": {}, "events": {}, "overlap": 0.5, "differences": differences}

    assert comparison_table(document).endswith(expected)


class _Recorder:
    """Analytic that completes at once, and notes on which video it was cancelled."""

    def __init__(self) -> None:
        inputs = [{"name": "video", "type": "types.Video", "required": True}]
        self.document: Any = {"info": {}, "inputs": inputs, "parameters": [], "outputs": [], "zip_outputs": False}
        self.cancelled: list[Path] = []

    def run(self, inputs: Any, _parameters: Any, _folder: Path, *, stop_at: float | None = None, **_: Any) -> LocalEnd:
        if stop_at is not None:
            self.cancelled.append(inputs["video"])
        return LocalEnd(True, None, "", None, (), "", 1.0, (), None, is_stopped=False)


def test_cancellation_is_checked_on_the_given_video(tmp_path: Path) -> None:
    video = tmp_path / "given.mp4"
    video.write_bytes(b"a video of the user")
    source = _Recorder()

    list(checks(source, video, {}, tmp_path))

    assert source.cancelled == [video]
    assert not (tmp_path / "long.mp4").exists()
