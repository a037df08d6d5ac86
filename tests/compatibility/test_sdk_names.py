"""Public names and signatures of the original SDK, as tables. A changed row breaks analytics of 2018 to 2020."""

import importlib
import inspect
import subprocess
import sys

import pytest

from voxel51.image2video import core
from voxel51.platform import api, auth, config, task, utils
from voxel51.transport.errors import APIError

TASK_ARGUMENTS = "task_config, task_status"

SIGNATURES = {
    "voxel51.platform.task": {
        "TaskConfig": "d",
        "TaskManager": "task_config, task_status=None",
        "TaskManager.from_url": "task_config_url",
        "TaskManager.start": "self",
        "TaskManager.pause": "self, config_path, status_path",
        "TaskManager.download_inputs": "self, inputs_dir",
        "TaskManager.parse_parameters": "self, data_params_dir=None",
        "TaskManager.get_path_for_input": "self, name, inputs_dir",
        "TaskManager.get_path_for_data_parameter": "self, name, data_params_dir",
        "TaskManager.record_input_metadata": "self, name, image_path=None, video_path=None, metadata=None",
        "TaskManager.post_job_metadata": "self, image_path=None, video_path=None",
        "TaskManager.add_status_message": "self, msg",
        "TaskManager.publish_status": "self",
        "TaskManager.upload_output": "self, output_path",
        "TaskManager.upload_output_as_data": "self, name, output_path",
        "TaskManager.complete": "self, logfile_path=None",
        "TaskManager.fail_gracefully": "self, failure_type=None, logfile_path=None",
        "TaskStatus": "analytic=None, version=None, state='SCHEDULED', start_time=None, complete_time=None, "
        "fail_time=None, failure_type='NONE', messages=None, inputs=None, posted_data=None",
        "TaskStatus.build_for": "task_config",
        "TaskStatus.record_input_metadata": "self, name, metadata",
        "TaskStatus.record_posted_data": "self, name, data_id",
        "TaskStatus.start": "self, msg='Task started'",
        "TaskStatus.complete": "self, msg='Task complete'",
        "TaskStatus.fail": "self, failure_type=None, msg='Task failed'",
        "TaskStatus.add_message": "self, msg",
        "TaskStatus.set_publish_callback": "self, publish_callback",
        "TaskStatus.publish": "self",
        "TaskStatus.attributes": "self",
        "TaskStatus.from_dict": "d",
        "TaskStatusMessage": "message, time=None",
        "TaskStatusMessage.attributes": "self",
        "TaskStatusMessage.from_dict": "d",
        "setup_logging": "logfile_path, rotate=True",
        "get_task_config_url": "",
        "download_task_config": "task_config_url",
        "make_task_status": "task_config",
        "start_task": "task_status",
        "pause_task": f"{TASK_ARGUMENTS}, config_path, status_path",
        "make_publish_callback": "task_config",
        "download_inputs": f"inputs_dir, {TASK_ARGUMENTS}",
        "parse_parameters": f"{TASK_ARGUMENTS}, data_params_dir=None",
        "post_job_metadata_for_image": f"image_path, {TASK_ARGUMENTS}",
        "post_job_metadata_for_video": f"video_path, {TASK_ARGUMENTS}",
        "post_job_metadata": f"metadata, {TASK_ARGUMENTS}",
        "upload_output": f"output_path, {TASK_ARGUMENTS}",
        "upload_output_as_data": f"output_name, output_path, {TASK_ARGUMENTS}",
        "complete_task": f"{TASK_ARGUMENTS}, logfile_path=None",
        "upload_logfile": "logfile_path, task_config",
        "fail_gracefully": f"{TASK_ARGUMENTS}, failure_type=None, logfile_path=None",
        "fail_epically": "logfile_path=None",
    },
    "voxel51.platform.utils": {
        "RemotePathConfig": "d",
        "RemotePathConfig.is_path_config_dict": "d",
        "RemotePathConfig.from_signed_url": "signed_url",
        "get_metadata_for_video": "video_path",
        "get_metadata_for_image": "image_path",
        "get_download_path": "path_config, output_dir",
        "download": "path_config, output_dir",
        "download_bytes": "path_config",
        "upload": "local_path, path_config",
        "upload_bytes": "bytes_str, path_config, content_type=None",
        "load_json": "str_or_bytes",
        "SourcePortAdapter": "source_port, *args, **kwargs",
    },
    "voxel51.platform.api": {
        "make_api_client": "",
        "API": "token, keep_alive=False",
        "API.close": "self",
        "API.get_job_data_urls": "self, task_config",
        "API.get_job_status_url": "self, task_config",
        "API.get_job_log_url": "self, task_config",
        "API.get_job_output_url": "self, task_config",
        "API.post_job_metadata": "self, job_id, metadata",
        "API.update_job_state": "self, job_id, state, failure_type=None",
        "API.upload_job_output_as_data": "self, job_id, path",
        "APIError.from_response": "res",
    },
    "voxel51.platform.auth": {"Token": "private_key", "Token.get_header": "self"},
    "voxel51.image2video.core": {
        "Predictions": "",
        "Predictions.add": "self, frame_number, image_labels",
        "setup_logging": "",
        "read_images": "",
        "write_predictions": "predictions",
    },
}

ROWS = [(module, name, row) for module, rows in SIGNATURES.items() for name, row in rows.items()]


def shown(function: object) -> str:
    """Return the arguments of a function without their types."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    without_types = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return ", ".join(str(parameter) for parameter in without_types)


@pytest.mark.parametrize(("module", "name", "arguments"), ROWS, ids=[f"{row[0]}.{row[1]}" for row in ROWS])
def test_a_name_takes_the_original_arguments(module: str, name: str, arguments: str) -> None:
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)

    assert shown(found) == arguments


def test_a_task_is_resumed_with_the_original_arguments() -> None:
    parameters = inspect.signature(task.resume_task).parameters

    assert list(parameters) == ["config_path", "status_path", "task_status_cls"]
    assert parameters["task_status_cls"].default is task.TaskStatus


def test_the_adapter_makes_its_pool_with_the_original_arguments() -> None:
    pool = shown(utils.SourcePortAdapter.init_poolmanager)

    assert pool == "self, connections, maxsize, block=False, **pool_kwargs"


def test_constants_have_the_original_values() -> None:
    states, failures = task.TaskState, task.TaskFailureType

    assert [states.SCHEDULED, states.RUNNING, states.COMPLETE, states.FAILED] == [
        "SCHEDULED", "RUNNING", "COMPLETE", "FAILED",
    ]  # fmt: skip
    assert [failures.USER, failures.ANALYTIC, failures.PLATFORM, failures.NONE] == [
        "USER", "ANALYTIC", "PLATFORM", "NONE",
    ]  # fmt: skip
    assert {name: value for name, value in vars(config).items() if name.endswith("_ENV_VAR")} == {
        "TASK_DESCRIPTION_ENV_VAR": "TASK_DESCRIPTION",
        "JOB_ID_ENV_VAR": "JOB_ID",
        "API_TOKEN_ENV_VAR": "API_TOKEN",
        "API_BASE_URL_ENV_VAR": "API_BASE_URL",
        "LOGFILE_SIGNED_URL_ENV_VAR": "LOGFILE_SIGNED_URL",
    }
    assert core.TASK_LOGFILE_PATH == "/var/log/image.log"
    assert core.IMAGE_TO_VIDEO_FRAMES_DIR == "/shared/user/inputs/frames"
    assert core.IMAGE_TO_VIDEO_LABELS_PATH == "/shared/user/outputs/labels.json"


def test_an_api_error_has_its_code_and_text() -> None:
    assert api.APIError is APIError
    assert str(api.APIError("not found", 404)) == "404: not found"


def test_a_token_is_sent_in_the_header_of_agents() -> None:
    assert auth.Token("a-key").get_header() == {"X-Voxel51-Agent": "a-key"}


def test_the_modules_need_no_package_beyond_the_bare_wheel() -> None:
    loaded = "[name for name in ('requests', 'numpy', 'cv2', 'av', 'eta') if name in sys.modules]"
    program = f"import sys\nimport {', '.join(SIGNATURES)}\nprint({loaded})"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_the_adapter_names_the_package_that_it_lacks() -> None:
    program = "import sys\nsys.modules['requests'] = None\nfrom voxel51.platform.utils import SourcePortAdapter"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "SourcePortAdapter needs the package 'requests'" in done.stderr.splitlines()[-1]
    assert "pip install requests" in done.stderr
