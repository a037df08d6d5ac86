"""Speed of object-tracks against its quality: frames per second of processor time, average precision and IDF1 of
people, by the stride, on a film with true boxes. It is in the package opencv-doc; without it nothing is measured.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.figures import Figure
from voxel51.analytics.object_tracks import analytic
from voxel51.labels.evaluate import evaluate
from voxel51.labels.video import VideoLabels
from voxel51.platform import local

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support.pedestrians import EXAMPLES, true_people

STRIDES = (1, 2, 3, 5)
PASSAGES = (range(101, 132), range(411, 442), range(641, 672), range(17, 64), range(297, 318), range(540, 631))
"""Frames with true boxes: three easy passages, and three in which people cross."""


def measure() -> list[Figure]:
    film = EXAMPLES / "vtest.avi"
    if not film.is_file():
        print(f"{film} not found: the quality of tracking is not measured", file=sys.stderr)
        return []
    rates, names = {}, {}
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as folder:
        for stride in STRIDES:
            labels, rates[stride] = _tracked(film, stride, Path(folder) / str(stride))
            precision, idf1 = _scores(labels)
            names[stride] = f"object-tracks, frame_stride {stride}: AP {precision:.3f}, IDF1 {idf1:.3f}"
    return [Figure(names[stride], "frames/s", [rates[stride]], "frame_stride 1", [rates[1]], "") for stride in STRIDES]


def _tracked(film: Path, stride: int, folder: Path) -> tuple[VideoLabels, float]:
    last_frame = PASSAGES[2].stop - 1
    parameters = {"classes": ["person"], "last_frame": last_frame, "frame_stride": stride}
    started = time.process_time()
    result = local.run(analytic, {"video": film}, parameters, folder)
    return VideoLabels.from_file(result.outputs["labels"]), last_frame / (time.process_time() - started)


def _scores(labels: VideoLabels) -> tuple[float, float]:
    """Return the means over the passages: people have other numbers in each of them."""
    results = [evaluate(labels, true_people(passage)) for passage in PASSAGES]
    precisions = [each.detection["person"].average_precision or 0 for each in results]
    idf1 = [each.tracking.idf1 if each.tracking else 0 for each in results]
    return sum(precisions) / len(results), sum(idf1) / len(results)
