import os
import subprocess
import sys
from pathlib import Path

from support.video_samples import ROOT, footage

FETCH = ROOT / "footage" / "fetch.py"


def test_a_second_call_makes_no_request() -> None:
    folder = footage("bikes.mp4").parent
    offline = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}

    done = subprocess.run([sys.executable, str(FETCH)], env=offline, capture_output=True, text=True, check=True)

    assert Path(done.stdout.strip()) == folder


def test_without_a_network_the_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "footage").mkdir()
    for name in ("fetch.py", "requirements.txt"):
        (tmp_path / "footage" / name).write_bytes((ROOT / "footage" / name).read_bytes())
    offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}

    command = [sys.executable, str(tmp_path / "footage" / "fetch.py")]
    done = subprocess.run(command, env=offline, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("the footage could not be downloaded (is there a network?): ")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / ".cache" / "footage").iterdir()) == []
