"""Original SDK: the task of a running job, as analytics of 2018 to 2020 use it.

Analytics that were written for the original SDK run unchanged with these names. New analytics are functions with the
decorator `voxel51.platform.analytic`, and report nothing by themselves.
"""

from voxel51.platform.task_documents import TaskConfig, TaskFailureType, TaskState, TaskStatus, TaskStatusMessage
from voxel51.platform.task_manager import TaskManager
from voxel51.platform.task_steps import (
    complete_task,
    download_inputs,
    download_task_config,
    fail_epically,
    fail_gracefully,
    get_task_config_url,
    make_publish_callback,
    make_task_status,
    parse_parameters,
    pause_task,
    post_job_metadata,
    post_job_metadata_for_image,
    post_job_metadata_for_video,
    resume_task,
    setup_logging,
    start_task,
    upload_logfile,
    upload_output,
    upload_output_as_data,
)

__all__ = [
    "TaskConfig",
    "TaskFailureType",
    "TaskManager",
    "TaskState",
    "TaskStatus",
    "TaskStatusMessage",
    "complete_task",
    "download_inputs",
    "download_task_config",
    "fail_epically",
    "fail_gracefully",
    "get_task_config_url",
    "make_publish_callback",
    "make_task_status",
    "parse_parameters",
    "pause_task",
    "post_job_metadata",
    "post_job_metadata_for_image",
    "post_job_metadata_for_video",
    "resume_task",
    "setup_logging",
    "start_task",
    "upload_logfile",
    "upload_output",
    "upload_output_as_data",
]
