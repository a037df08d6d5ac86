"""No-op analytic: writes its output and does nothing else, so a job shows the platform's own cost."""

from voxel51.platform.definition import Analytic
from voxel51.platform.job import Job
from voxel51.wire.analytics import AnalyticDocument

DOCUMENT: AnalyticDocument = {
    "info": {
        "name": "no-op",
        "version": "1.0",
        "description": "Leaves an empty label file.",
        "supports_cpu": True,
        "supports_gpu": False,
    },
    "inputs": [],
    "parameters": [],
    "outputs": [
        {
            "name": "labels",
            "type": "types.VideoLabels",
            "description": "no labels",
            "filename": "labels.json",
            "post_as_data": False,
            "schema": None,
        }
    ],
    "zip_outputs": False,
}


def process(job: Job) -> None:
    job.output("labels").write_text("{}")


analytic = Analytic(DOCUMENT, process)
