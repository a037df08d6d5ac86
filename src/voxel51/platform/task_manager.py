"""Original SDK: `TaskManager`, the task of a job and its status in one object."""

import os
from typing import Any

from voxel51.platform import task_steps
from voxel51.platform.task_documents import TaskConfig, TaskStatus
from voxel51.platform.utils import get_download_path

FilePath = str | os.PathLike[str]


class TaskManager:
    """The task that this process performs. Its methods are the steps of a job, in the order in which they are used.

    Attributes:
        task_config: the task.
        task_status: its status, published by the methods that say so.
    """

    def __init__(self, task_config: TaskConfig, task_status: TaskStatus | None = None) -> None:
        self.task_config = task_config
        self.task_status = task_status or task_steps.make_task_status(task_config)

    @classmethod
    def from_url(cls, task_config_url: str) -> "TaskManager":
        """Return the manager of the task at this address; `voxel51.platform.task.get_task_config_url` returns it."""
        return cls(task_steps.download_task_config(task_config_url))

    def start(self) -> None:
        """Report that the task runs, and publish the status."""
        task_steps.start_task(self.task_status)

    def pause(self, config_path: FilePath, status_path: FilePath) -> None:
        """Write the task and its status to two files, from which `voxel51.platform.task.resume_task` continues."""
        task_steps.pause_task(self.task_config, self.task_status, config_path, status_path)

    def download_inputs(self, inputs_dir: FilePath) -> dict[str, str]:
        """Download the inputs into a folder, and return their paths by name."""
        return task_steps.download_inputs(inputs_dir, self.task_config, self.task_status)

    def parse_parameters(self, data_params_dir: FilePath | None = None) -> dict[str, Any]:
        """Return the parameters by name. Files of data parameters are downloaded into the folder, if it is given; their
        values are paths. Without it, data parameters are left out.
        """
        return task_steps.parse_parameters(self.task_config, self.task_status, data_params_dir)

    def get_path_for_input(self, name: str, inputs_dir: FilePath) -> str:
        """Return the path to which `download_inputs` writes an input."""
        return get_download_path(self.task_config.inputs[name], inputs_dir)

    def get_path_for_data_parameter(self, name: str, data_params_dir: FilePath) -> str:
        """Return the path to which `parse_parameters` writes a data parameter."""
        return get_download_path(task_steps.data_parameters(self.task_config)[name], data_params_dir)

    def record_input_metadata(
        self, name: str, image_path: FilePath | None = None, video_path: FilePath | None = None, metadata: Any = None
    ) -> None:
        """Record the metadata of an input in the status: of an image or a video (extra ``labels``), or ``metadata``.

        Raises:
            ValueError: neither a path nor metadata is given.
        """
        if metadata is None:
            metadata = task_steps.metadata_of_input(image_path, video_path)
        self.task_status.record_input_metadata(name, metadata)

    def post_job_metadata(self, image_path: FilePath | None = None, video_path: FilePath | None = None) -> None:
        """Report how much is analyzed: an image or a video.

        Raises:
            ValueError: neither path is given.
        """
        if image_path is not None:
            task_steps.post_job_metadata_for_image(image_path, self.task_config, self.task_status)
        elif video_path is not None:
            task_steps.post_job_metadata_for_video(video_path, self.task_config, self.task_status)
        else:
            raise ValueError("post_job_metadata needs image_path or video_path")

    def add_status_message(self, msg: str) -> None:
        """Add a message to the status, without publishing it."""
        self.task_status.add_message(msg)

    def publish_status(self) -> None:
        """Publish the status."""
        self.task_status.publish()

    def upload_output(self, output_path: FilePath) -> None:
        """Upload the output of the job."""
        task_steps.upload_output(output_path, self.task_config, self.task_status)

    def upload_output_as_data(self, name: str, output_path: FilePath) -> None:
        """Store the output ``name`` as data of the job's owner, and record its id in the status."""
        task_steps.upload_output_as_data(name, output_path, self.task_config, self.task_status)

    def complete(self, logfile_path: FilePath | None = None) -> None:
        """Report that the task is complete, publish the status, and upload the log, if its path is given."""
        task_steps.complete_task(self.task_config, self.task_status, logfile_path)

    def fail_gracefully(self, failure_type: str | None = None, logfile_path: FilePath | None = None) -> None:
        """Report that the task failed, as `complete` does. Errors of the reports are logged, never raised."""
        task_steps.fail_gracefully(self.task_config, self.task_status, failure_type, logfile_path)
