"""Template of an analytic: the files that ``voxel51 analytics init`` writes."""

from pathlib import Path

_MODULE = '''"""{title}: an analytic for the platform."""

from typing import Annotated

import numpy as np

from voxel51.platform import Range, Video, VideoLabels, analytic


@analytic(version="0.1.0", preload=["av", "numpy"])
def {module}(video: Video, threshold: Annotated[int, Range(0, 255)] = 200) -> VideoLabels:
    """Find the bright part of each frame.

    Args:
        video: the video.
        threshold: minimum brightness, from 0 to 255.
    """
    labels = VideoLabels()
    for frame in video:
        rows, columns = np.nonzero(frame.luma() >= threshold)
        if rows.size:
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            labels.add_box(frame, "bright", box)
    return labels
'''

_TEST = '''"""Tests of {name}."""

from pathlib import Path

import av
import numpy as np
from {module} import {module}

from voxel51.platform import VideoLabels
from voxel51.platform.local import run


def test_a_bright_square_is_found(tmp_path: Path) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[:60, :80] = 255
    with av.open(tmp_path / "square.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())

    result = run({module}, {{"video": tmp_path / "square.mp4"}}, {{}}, tmp_path / "job")

    labels = VideoLabels.from_file(result.outputs["labels"])
    box = labels.frames[1].objects[0].bounding_box
    assert (round(box.left, 1), round(box.top, 1), round(box.right, 1), round(box.bottom, 1)) == (0, 0, 0.5, 0.5)
'''

_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
dependencies = ["voxel51-platform[sdk]"]

[project.entry-points."voxel51.analytics"]
"{owner}/{name}" = "{module}:{module}"

[tool.hatch.build.targets.wheel]
include = ["{module}.py"]
"""


def module_name(name: str) -> str:
    """Return the name of the module of the analytic ``name``."""
    return name.replace("-", "_")


def write_project(folder: Path, owner: str, name: str) -> list[Path]:
    """Write a project with the analytic ``<owner>/<name>`` into ``folder``; return its files, the code first."""
    module = module_name(name)
    texts = {f"{module}.py": _MODULE, f"test_{module}.py": _TEST, "pyproject.toml": _PROJECT}
    folder.mkdir(parents=True)
    for filename, text in texts.items():
        filled = text.format(owner=owner, name=name, module=module, title=name.replace("-", " ").capitalize())
        (folder / filename).write_text(filled, encoding="utf-8")
    return [folder / filename for filename in texts]
