"""Frame job that a hostile video has taken over: it links its frames to a folder of the machine."""

import time
from pathlib import Path

from voxel51.image2video import frame_job
from voxel51.platform.definition import Analytic
from voxel51.platform.job import Job
from voxel51.wire.frames import CONTAINER_END, CONTAINER_LABELS, CONTAINER_LOG, FRAMES_FOLDER, FRAMES_READY

SECRET_FOLDER = Path(__file__).parent
"""Any folder of the machine; this file stands for its secret."""


def process(job: Job) -> None:
    """Link what the container reads, and what the server writes, to files of the machine."""
    folder = job.scratch.parent
    folder.chmod(0o755)
    (folder / FRAMES_FOLDER).symlink_to(SECRET_FOLDER)
    (folder / CONTAINER_LABELS).symlink_to(SECRET_FOLDER / "overwritten")
    (folder / FRAMES_READY).touch()
    while not (folder / CONTAINER_END).exists():
        time.sleep(0.02)
    print((folder / CONTAINER_LOG).read_text())


analytic = Analytic(document=frame_job.analytic.document, process=process)
