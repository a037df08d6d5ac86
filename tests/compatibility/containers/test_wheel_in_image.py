"""The wheel, installed into an image by pip as a Dockerfile does it."""

import pytest

from support.original_mock import OriginalMock
from support.podman import Podman

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

_DOCKERFILE = """
ARG BASE=python:3.11-slim
FROM ${BASE}
RUN pip install voxel51-platform
"""


@pytest.fixture(scope="module")
def image(podman: Podman, light_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of an image with the bare wheel. That of the example `container` has the extra ``sdk``."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    return podman.build(folder, "localhost/wheel", {"BASE": light_base})


def test_an_image_with_the_bare_wheel_has_the_client_and_the_sdk(podman: Podman, image: str) -> None:
    program = "import voxel51.users.api, voxel51.platform; print(voxel51.platform.__name__)"
    assert podman.run("run", "--rm", "--network=none", image, "python", "-c", program) == "voxel51.platform\n"
    assert "OpenSSL" in podman.run("run", "--rm", "--network=none", image, "curl", "--version")


_OLD_PROGRAM = """
import voxel51.platform.task as voxt
voxt.setup_logging("/var/log/image.log")
manager = voxt.TaskManager.from_url(voxt.get_task_config_url())
manager.start()
inputs = manager.download_inputs("/tmp/inputs")
manager.record_input_metadata("video", metadata={"frame_rate": 25.0})
voxt.post_job_metadata({"frame_count": 1, "duration_seconds": 0.04, "size_bytes": 3},
                       manager.task_config, manager.task_status)
open("/tmp/labels.json", "w").write("{}")
manager.upload_output("/tmp/labels.json")
manager.complete(logfile_path="/var/log/image.log")
"""


def test_the_bare_wheel_is_enough_for_the_original_sdk(podman: Podman, image: str) -> None:
    mock = OriginalMock({"video": b"mp4"})
    variables = [f"--env={name}={value}" for name, value in mock.environment.items()]
    try:
        podman.run("run", "--rm", "--network=host", *variables, image, "python", "-c", _OLD_PROGRAM)
    finally:
        mock.close()

    assert [check for check, is_met in mock.report().items() if not is_met] == []
