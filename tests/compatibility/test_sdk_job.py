"""An analytic of 2019 on a real platform: its program and entry script are those of ``examples/original-sdk``.

It is installed as a package whose job becomes the entry script, so the requests are the program's own.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.documentation_pages import ROOT
from support.platforms import INSTALLED, new_platform, running
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

EXAMPLE = ROOT / "examples" / "original-sdk"
NAME = "samples/brightness"

PACKAGE = """
import os
import sys
from pathlib import Path

from voxel51.platform import Analytic


def process(job):
    os.environ.update(LOG_FOLDER=str(job.scratch), WORK_FOLDER=str(job.scratch))
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.execvp("bash", ["bash", str(Path(__file__).with_name("main.bash"))])


analytic = Analytic.from_package(__package__, process)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A platform with the analytic of the example installed."""
    folder = tmp_path_factory.mktemp("original-sdk")
    installed = folder / "installed"
    package = installed / "old_brightness"
    shutil.copytree(EXAMPLE, package)
    (package / "__init__.py").write_text(PACKAGE)
    information = installed / "old_brightness-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: old-brightness\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[voxel51.analytics]\n{NAME} = old_brightness:analytic\n")
    with running(new_platform(folder / "data", environment={"PYTHONPATH": f"{installed}:{INSTALLED}"})) as own:
        yield own


@pytest.fixture
def api(platform: PlatformProcess, tmp_path: Path) -> Any:
    with API(token=Token.from_json(User.create(platform, tmp_path).token)) as client:
        yield client


def ended(api: API, video: Path, **parameters: Any) -> dict[str, Any]:
    """Run the analytic and return the record of the job, whatever its end."""
    request = JobRequest(NAME)
    request.set_input("video", data_id=api.upload_data(video)["id"])
    for name, value in parameters.items():
        request.set_parameter(name, value)
    job = api.upload_job_request(request, "old", auto_start=True)
    (record,) = api.wait([job["id"]])
    return dict(record)


def wait_for_log(platform: PlatformProcess, text: str) -> None:
    """Wait until a stored log holds ``text``: the program uploads it after it has reported the end.

    The platform shows logs of private analytics only, and installed ones are public.
    """

    def is_stored() -> bool:
        return any(text in path.read_text() for path in platform.folder.rglob("logs/**/*") if path.is_file())

    wait_until(is_stored, f"no log held {text!r}")


def test_a_job_reports_uploads_and_completes_by_itself(api: API, platform: PlatformProcess, tmp_path: Path) -> None:
    job = ended(api, numbered_video(tmp_path / "real.mp4", frames=10), stride=3)

    assert (job["state"], job["frame_count"], job["failure_type"]) == ("COMPLETE", 10, "NONE")
    api.download_job_output(job["id"], tmp_path / "labels.json")
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert list(labels["frames"]) == ["1", "4", "7", "10"]
    wait_for_log(platform, "4 of 10 frames measured")
    status = api.get_job_status(job["id"])
    assert [each["message"] for each in status["messages"]][:3] == [
        "Task started", "Input 'video' downloaded", "Job metadata posted",
    ]  # fmt: skip
    assert status["inputs"]["video"]["frame_size"] == [320, 180]


def test_a_video_at_fault_is_reported_by_the_program(api: API, platform: PlatformProcess, tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("this is a letter")

    job = ended(api, tmp_path / "letter.mp4")

    assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
    wait_for_log(platform, "Traceback")
    assert api.get_job_status(job["id"])["state"] == "FAILED"


def test_a_program_that_cannot_start_is_reported_by_its_script(
    api: API, platform: PlatformProcess, tmp_path: Path
) -> None:
    program = platform.folder.parent / "installed" / "old_brightness" / "main.py"
    program.write_text("raise ImportError('a library is missing')\n")
    try:
        job = ended(api, numbered_video(tmp_path / "real.mp4", frames=3))
    finally:
        shutil.copy(EXAMPLE / "main.py", program)

    assert (job["state"], job["failure_type"]) == ("FAILED", "ANALYTIC")
    wait_for_log(platform, "a library is missing")
