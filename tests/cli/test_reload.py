"""``server reload`` where no platform can reload: a sentence, and no signal that would end the process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from demo.platform_process import COMMAND
from support.waiting import LIMIT_SECONDS
from voxel51.server.data_folder import write_server_file

OLD_PLATFORM = """
import sys, time
from pathlib import Path
from voxel51.server.data_folder import FolderLock

FolderLock(Path(sys.argv[1])).acquire()
print("locked", flush=True)
time.sleep(3600)
"""


def reload(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", "reload", "--dir", folder, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def test_no_platform_runs(tmp_path: Path) -> None:
    done = reload(tmp_path)

    assert done.returncode == 1
    text = f"voxel51: no platform runs in {tmp_path}. Its next start finds the installed packages by itself\n"
    assert done.stderr == text


@pytest.mark.parametrize("has_started", [False, True], ids=["still starting", "of an old version"])
def test_platform_that_does_not_know_the_signal_goes_on(tmp_path: Path, has_started: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", OLD_PLATFORM, tmp_path], stdout=subprocess.PIPE) as platform:
        assert platform.stdout is not None
        platform.stdout.readline()
        if has_started:
            write_server_file(tmp_path, {"url": "http://127.0.0.1:1", "pid": platform.pid, "version": "0.1.0"})
        try:
            done = reload(tmp_path)

            assert done.returncode == 1
            assert done.stderr.startswith("voxel51: this platform is still starting, or is of a version that cannot")
            assert platform.poll() is None
        finally:
            platform.kill()


@pytest.mark.usefixtures("default_sighup")
def test_platform_that_stops_meanwhile_is_reported(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OLD_PLATFORM, tmp_path], stdout=subprocess.PIPE) as platform:
        assert platform.stdout is not None
        platform.stdout.readline()
        # It says that it knows the signal, and ends by it.
        (tmp_path / "server.json").write_text(
            json.dumps({"url": "http://127.0.0.1:1", "pid": platform.pid, "version": "0.1.0", "can_reload": True})
        )

        done = reload(tmp_path)

    assert done.returncode == 1
    assert done.stderr == "voxel51: the platform stopped before it had reloaded\n"
