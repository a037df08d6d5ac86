"""Brightness of every frame: an analytic written for the original SDK, which reports each step by itself."""

import json
import logging
import os
import sys
from pathlib import Path

import cv2

import voxel51.platform.task as voxt

LOG_PATH = Path(os.environ.get("LOG_FOLDER", "/var/log"), "image.log")
WORK_FOLDER = Path(os.environ.get("WORK_FOLDER", "/root/work"))

logger = logging.getLogger(__name__)


def run(manager):
    """Perform the task of this job."""
    manager.start()

    inputs = manager.download_inputs(WORK_FOLDER / "inputs")
    parameters = manager.parse_parameters(data_params_dir=WORK_FOLDER / "parameters")
    manager.record_input_metadata("video", video_path=inputs["video"])
    manager.post_job_metadata(video_path=inputs["video"])
    manager.add_status_message("measuring the brightness")
    manager.publish_status()

    output_path = WORK_FOLDER / "labels.json"
    measure(inputs["video"], output_path, parameters.get("stride", 1))

    manager.upload_output(output_path)
    manager.complete(logfile_path=LOG_PATH)


def measure(video_path, output_path, stride):
    """Write the mean brightness of every ``stride``-th frame, from 0 to 255, as an attribute of the frame."""
    capture = cv2.VideoCapture(video_path)
    frames, number = {}, 0
    while True:
        is_frame, image = capture.read()
        if not is_frame:
            break
        number += 1
        if (number - 1) % stride == 0:
            value = round(float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).mean()), 3)
            attribute = {"type": "eta.core.data.NumericAttribute", "name": "brightness", "value": value}
            frames[str(number)] = {"frame_number": number, "attrs": {"attrs": [attribute]}}
    capture.release()
    logger.info("%d of %d frames measured", len(frames), number)
    output_path.write_text(json.dumps({"frames": frames}), encoding="utf-8")


if __name__ == "__main__":
    voxt.setup_logging(LOG_PATH)
    try:
        task_manager = voxt.TaskManager.from_url(voxt.get_task_config_url())
    except Exception:
        voxt.fail_epically(logfile_path=LOG_PATH)
        sys.exit(0)
    try:
        run(task_manager)
    except Exception:
        task_manager.fail_gracefully(failure_type=voxt.TaskFailureType.USER, logfile_path=LOG_PATH)
