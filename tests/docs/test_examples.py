"""Examples: every analytic in ``examples`` passes the checks of authors and finds what it promises."""

from pathlib import Path

import av
import numpy as np
import pytest

from support.documentation_pages import ROOT, section
from voxel51.cli.main import main
from voxel51.labels.video import VideoLabels

EXAMPLES = ROOT / "examples"
SOURCES = [
    EXAMPLES / "one-file" / "red_cars.py",
    EXAMPLES / "onnx-project",
    EXAMPLES / "container" / "changed_share.py",
]
TEMPLATES = sorted((ROOT / "src" / "voxel51" / "server" / "console" / "site" / "templates").glob("*.py"))


def painted_video(path: Path) -> Path:
    """Write a video of ten grey frames, 320 by 240; a quarter of the last five is red."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(10):
            image = np.full((240, 320, 3), 90, np.uint8)
            if index >= 5:
                image[:120, :160] = (0, 0, 200)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def run(source: Path, tmp_path: Path) -> VideoLabels:
    video = painted_video(tmp_path / "painted.mp4")
    assert main(["analytics", "run", str(source), str(video), "--out", str(tmp_path)]) == 0
    (written,) = tmp_path.glob("painted.*.json")
    return VideoLabels.from_file(written)


@pytest.mark.parametrize("source", [*SOURCES, *TEMPLATES], ids=lambda source: source.name)
def test_an_example_passes_all_checks(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["analytics", "check", str(source)])

    assert status == 0, capsys.readouterr().out


def test_red_regions_are_found(tmp_path: Path) -> None:
    labels = run(SOURCES[0], tmp_path)

    assert sorted(labels.frames) == [6, 7, 8, 9, 10]
    (red,) = labels.frames[8].objects
    assert red.bounding_box is not None
    assert (round(red.bounding_box.right, 1), round(red.bounding_box.bottom, 1)) == (0.5, 0.5)


def test_a_frame_with_edges_has_more_of_them(tmp_path: Path) -> None:
    labels = run(SOURCES[1], tmp_path)

    edges = [frame.attributes[0].value for _, frame in sorted(labels.frames.items())]
    assert len(edges) == 10
    assert max(edges[:5]) < min(edges[5:])


def test_the_analytic_of_the_readme_passes_all_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = section(ROOT / "README.md", "Write an analytic", "py")
    (tmp_path / "dark_frames.py").write_text(block.text, encoding="utf-8")

    status = main(["analytics", "check", str(tmp_path / "dark_frames.py"), "--param", "darkest=60"])

    assert status == 0, capsys.readouterr().out


def test_every_example_is_listed() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert {name for name in folders if f"[`{name}`]" not in text} == set()
