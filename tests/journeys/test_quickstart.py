"""The README's quickstart, from its first block to its last, as written.

Its blocks are joined into one script. What the README leaves to its reader is filled in by two tables here and by
nothing else: `filled_in` replaces texts such as ``"<analytic>"``, and `LOOKED_UP` gives names such as ``job_id`` their
value by a line of code before the first block that uses them. A text in angle brackets or under ``/path/to`` that no
table knows fails the test.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from documentation import ROOT, blocks
from footage.fetch import fetch
from platforms import StartPlatform

ANALYTIC = "voxel51/shot-detection"

LOOKED_UP = {
    "analytic_id": f'analytic_id = api.get_analytic_id("{ANALYTIC}")',
    "job_id": 'job_id = api.list_jobs()[0]["id"]',
    "val": 'val = next(each for each in doc["parameters"] if "default" in each)["default"]',
}


def filled_in(folder: Path) -> dict[str, str]:
    """Text in the README -> the Python expression that takes its place."""
    return {
        '"/path/to/your/api-token.json"': repr(str(folder / "api-token.json")),
        '"/path/to/video.mp4"': repr(str(fetch() / "bikes.mp4")),
        '"<analytic>"': repr(ANALYTIC),
        '"<input>"': 'doc["inputs"][0]["name"]',
        '"<data-id>"': 'data[0]["id"]',
        '"<param>"': 'next(each for each in doc["parameters"] if "default" in each)["name"]',
        '"<job-name>"': '"my first job"',
        '"/path/to/output.zip"': repr(str(folder / "downloads" / "output.zip")),
    }


def quickstart(folder: Path) -> str:
    """The Python blocks of the README as one script that prints the last status it got."""
    lines: list[str] = []
    waiting = dict(LOOKED_UP)
    for block in blocks(ROOT / "README.md", "py"):
        used_first_here = [name for name in waiting if re.search(rf"\b{name}\b", block.text)]
        lines.extend(waiting.pop(name) for name in used_first_here)
        text = block.text
        for placeholder, value in filled_in(folder).items():
            text = text.replace(placeholder, value)
        lines.append(text)
    script = "\n".join([*lines, "import json", "print(json.dumps(status))"])
    left = re.findall(r'"<[^>]*>"|"/path/to[^"]*"', script)
    assert not left, f"nothing fills in {left}"
    return script


def sign_up_command() -> str:
    """The README's own line that creates a user."""
    lines = [line for block in blocks(ROOT / "README.md", "sh") for line in block.text.splitlines()]
    (line,) = [line for line in lines if "server user create" in line]
    return line


def test_the_quickstart_of_the_readme_works_as_written(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "VOXEL51_SERVER_DIR": str(own.folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    subprocess.run(["sh", "-c", sign_up_command()], cwd=tmp_path, env=environment, check=True, stdin=subprocess.DEVNULL)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", quickstart(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{done.stderr}\n{own.tail()}"
    status = json.loads(done.stdout.splitlines()[-1])
    assert status["state"] == "COMPLETE"
    labels = json.loads((tmp_path / "downloads" / "output.zip").read_text(encoding="utf-8"))
    assert labels["events"]["events"], "no shots were found"
    assert not (tmp_path / ".voxel51" / "api-token.json").exists(), "the token is still active at the end"
