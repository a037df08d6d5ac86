"""Original SDK: the steps of a task as functions, each with the requests that it sends."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from voxel51.labels.extras import extra
from voxel51.platform.api import make_api_client
from voxel51.platform.config import JOB_ID_ENV_VAR, LOGFILE_SIGNED_URL_ENV_VAR, TASK_DESCRIPTION_ENV_VAR
from voxel51.platform.rotated_log import log_to_file
from voxel51.platform.task_documents import TaskConfig, TaskFailureType, TaskState, TaskStatus
from voxel51.platform.utils import (
    RemotePathConfig,
    download,
    download_bytes,
    get_metadata_for_image,
    get_metadata_for_video,
    load_json,
    upload,
    upload_bytes,
)

logger = logging.getLogger(__name__)

FilePath = str | os.PathLike[str]
_Status = TypeVar("_Status", bound=TaskStatus)


def setup_logging(logfile_path: FilePath, rotate: bool = True) -> None:
    """Write all logging of this process to a file. An existing file is renamed to ``….1`` if ``rotate``."""
    log_to_file(logfile_path, rotate=rotate)


def get_task_config_url() -> str:
    """Return the address of the task, from the variable ``TASK_DESCRIPTION``.

    Raises:
        KeyError: the variable is not set, so this process is not a job.
    """
    return os.environ[TASK_DESCRIPTION_ENV_VAR]


def download_task_config(task_config_url: str) -> TaskConfig:
    """Return the task at this address.

    Raises:
        voxel51.platform.api.APIError: it cannot be downloaded.
        voxel51.platform.serializable.ConfigError: the document is not a task.
    """
    return TaskConfig(load_json(download_bytes(RemotePathConfig.from_signed_url(task_config_url))))


def make_task_status(task_config: TaskConfig) -> TaskStatus:
    """Return the status of a task that has not started, with the callback that publishes it."""
    task_status = TaskStatus.build_for(task_config)
    task_status.set_publish_callback(make_publish_callback(task_config))
    return task_status


def make_publish_callback(task_config: TaskConfig) -> Callable[[TaskStatus], None]:
    """Return a function that publishes a status: it reports the state, and uploads the document by a fresh link."""

    def publish(task_status: TaskStatus) -> None:
        failure_type = task_status.failure_type if task_status.state == TaskState.FAILED else None
        with make_api_client() as api:
            api.update_job_state(task_config.job_id, task_status.state, failure_type)
            link = api.get_job_status_url(task_config)
        upload_bytes(task_status.to_str(), link)

    return publish


def start_task(task_status: TaskStatus) -> None:
    """Report that the task runs, and publish the status."""
    task_status.start()
    task_status.publish()


def pause_task(task_config: TaskConfig, task_status: TaskStatus, config_path: FilePath, status_path: FilePath) -> None:
    """Write the task and its status to two files. The platform is not informed."""
    task_config.write_json(config_path)
    task_status.write_json(status_path)


def resume_task(
    config_path: FilePath,
    status_path: FilePath,
    task_status_cls: type[_Status] = TaskStatus,  # type: ignore[assignment]
) -> tuple[TaskConfig, _Status]:
    """Return the task and the status that `pause_task` wrote. The status is published as before."""
    task_config = TaskConfig.from_json(config_path)
    task_status = task_status_cls.from_json(status_path)
    task_status.set_publish_callback(make_publish_callback(task_config))
    return task_config, task_status


def download_inputs(inputs_dir: FilePath, task_config: TaskConfig, task_status: TaskStatus) -> dict[str, str]:
    """Download the inputs by fresh links into a folder, and return their paths by name."""
    with make_api_client() as api:
        links = api.get_job_data_urls(task_config)
    return {name: _downloaded("Input", name, link, inputs_dir, task_status) for name, link in links.items()}


def parse_parameters(
    task_config: TaskConfig, task_status: TaskStatus, data_params_dir: FilePath | None = None
) -> dict[str, Any]:
    """Return the parameters by name. Files of data parameters are downloaded into the folder, if it is given; their
    values are paths. Without it, data parameters are left out.
    """
    files = data_parameters(task_config)
    parameters = {name: value for name, value in task_config.parameters.items() if name not in files}
    if data_params_dir is not None:
        for name, link in files.items():
            parameters[name] = _downloaded("Data parameter", name, link, data_params_dir, task_status)
    elif files:
        logger.warning("data parameters are left out, since no folder for them is given: %s", ", ".join(files))
    return parameters


def data_parameters(task_config: TaskConfig) -> dict[str, RemotePathConfig]:
    """Return the links of the data parameters by name."""
    given = task_config.parameters.items()
    return {name: RemotePathConfig(value) for name, value in given if RemotePathConfig.is_path_config_dict(value)}


def _downloaded(kind: str, name: str, link: RemotePathConfig, folder: FilePath, task_status: TaskStatus) -> str:
    path = download(link, folder)
    task_status.add_message(f"{kind} '{name}' downloaded")
    return path


def metadata_of_input(image_path: FilePath | None, video_path: FilePath | None) -> Mapping[str, Any]:
    """Return the metadata of an image or of a video, as a status document has it.

    Raises:
        ValueError: neither path is given.
        ModuleNotFoundError: the extra ``labels`` is not installed.
    """
    with extra("labels"):
        from voxel51.labels.media.still_images import image_metadata  # noqa: PLC0415  (needs the extra)
        from voxel51.labels.media.video_reader import probe  # noqa: PLC0415

    if image_path is not None:
        return image_metadata(Path(image_path)).to_json()
    if video_path is not None:
        return probe(Path(video_path)).to_json()
    raise ValueError("record_input_metadata needs image_path, video_path or metadata")


def post_job_metadata_for_image(image_path: FilePath, task_config: TaskConfig, task_status: TaskStatus) -> None:
    """Report that an image is analyzed: one frame without duration."""
    post_job_metadata(get_metadata_for_image(image_path), task_config, task_status)


def post_job_metadata_for_video(video_path: FilePath, task_config: TaskConfig, task_status: TaskStatus) -> None:
    """Report how much of a video is analyzed: all of it."""
    post_job_metadata(get_metadata_for_video(video_path), task_config, task_status)


def post_job_metadata(metadata: Mapping[str, Any], task_config: TaskConfig, task_status: TaskStatus) -> None:
    """Report how much is analyzed: ``frame_count``, ``duration_seconds`` and ``size_bytes``."""
    with make_api_client() as api:
        api.post_job_metadata(task_config.job_id, metadata)
    task_status.add_message("Job metadata posted")


def upload_output(output_path: FilePath, task_config: TaskConfig, task_status: TaskStatus) -> None:
    """Upload the output of the job by a fresh link.

    Raises:
        ValueError: the analytic declares no output.
    """
    with make_api_client() as api:
        link = api.get_job_output_url(task_config)
    if link is None:
        raise ValueError("the analytic declares no output file, so none can be uploaded")
    upload(output_path, link)
    task_status.add_message("Output uploaded")


def upload_output_as_data(
    output_name: str, output_path: FilePath, task_config: TaskConfig, task_status: TaskStatus
) -> None:
    """Store an output as data of the job's owner, and record its id in the status."""
    with make_api_client() as api:
        data_id = api.upload_job_output_as_data(task_config.job_id, output_path)
    task_status.record_posted_data(output_name, data_id)
    task_status.add_message(f"Output '{output_name}' posted as data")


def complete_task(task_config: TaskConfig, task_status: TaskStatus, logfile_path: FilePath | None = None) -> None:
    """Report that the task is complete, publish the status, and upload the log, if its path is given."""
    task_status.complete()
    task_status.publish()
    if logfile_path:
        upload_logfile(logfile_path, task_config)


def upload_logfile(logfile_path: FilePath, task_config: TaskConfig) -> None:
    """Upload the log of the job by a fresh link."""
    with make_api_client() as api:
        link = api.get_job_log_url(task_config)
    upload(logfile_path, link)


def fail_gracefully(
    task_config: TaskConfig,
    task_status: TaskStatus,
    failure_type: str | None = None,
    logfile_path: FilePath | None = None,
) -> None:
    """Report that the task failed and who is at fault, publish the status, and upload the log, if its path is given.

    Errors of these reports are logged, never raised: the exception that made the task fail matters more.
    """
    logger.error("the task failed", exc_info=True)
    task_status.fail(failure_type)
    _attempt(task_status.publish)
    if logfile_path:
        _attempt(lambda: upload_logfile(logfile_path, task_config))


def fail_epically(logfile_path: FilePath | None = None) -> None:
    """Report that the task failed by a fault of the platform, and upload the log, if its path is given.

    For a task that could not be loaded: only the variables of the job are used. Errors are logged, never raised.
    """
    logger.error("the task could not be loaded", exc_info=True)
    _attempt(_report_platform_failure)
    if logfile_path:
        _attempt(lambda: _upload_logfile_by_variable(logfile_path))


def _report_platform_failure() -> None:
    with make_api_client() as api:
        api.update_job_state(os.environ[JOB_ID_ENV_VAR], TaskState.FAILED, TaskFailureType.PLATFORM)


def _upload_logfile_by_variable(logfile_path: FilePath) -> None:
    upload(logfile_path, RemotePathConfig.from_signed_url(os.environ[LOGFILE_SIGNED_URL_ENV_VAR]))


def _attempt(report: Callable[[], None]) -> None:
    try:
        report()
    except Exception:  # whatever fails here must not hide the failure of the task
        logger.exception("a report of the failed task could not be sent")
