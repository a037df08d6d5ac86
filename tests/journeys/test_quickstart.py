"""Quickstarts of the README, for users and applications, run from the first block to the last as written.

The blocks of a section are joined into one script. The placeholders of the README are filled in by two tables
here and by nothing else: `filled_in` replaces texts such as ``"<analytic>"``, and `LOOKED_UP` gives names such as
``job_id`` their value by a line of code before the first block that uses them. A text in angle brackets or under
``/path/to`` that no table knows fails the test.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from demo.platform_process import PlatformProcess
from footage.fetch import fetch
from support.accounts import Application
from support.documentation_pages import ROOT, blocks, section
from support.platforms import StartPlatform
from voxel51.apps.api import ApplicationAPI
from voxel51.apps.auth import ApplicationToken

ANALYTIC = "voxel51/shot-detection"

LOOKED_UP = {
    "analytic_id": f'analytic_id = api.get_analytic_id("{ANALYTIC}")',
    "job_id": 'job_id = api.list_jobs()[0]["id"]',
    "val": 'val = next(each for each in doc["parameters"] if "default" in each)["default"]',
}


def filled_in(folder: Path) -> dict[str, str]:
    """Return texts in the README and the Python expressions that replace them."""
    return {
        '"/path/to/your/api-token.json"': repr(str(folder / "api-token.json")),
        '"/path/to/video.mp4"': repr(str(fetch() / "bikes.mp4")),
        '"/path/to/your/app-token.json"': repr(str(folder / "app-token.json")),
        '"<username>"': repr("alice"),
        '"<analytic>"': repr(ANALYTIC),
        '"<input>"': 'doc["inputs"][0]["name"]',
        '"<data-id>"': 'data[0]["id"]',
        '"<param>"': 'next(each for each in doc["parameters"] if "default" in each)["name"]',
        '"<job-name>"': '"my first job"',
        '"/path/to/annotated.mp4"': repr(str(folder / "downloads" / "annotated.mp4")),
        '"/path/to/playable.mp4"': repr(str(folder / "downloads" / "playable.mp4")),
        '"/path/to/labels.csv"': repr(str(folder / "downloads" / "labels.csv")),
        '"/path/to/output.zip"': repr(str(folder / "downloads" / "output.zip")),
    }


def quickstart(folder: Path, heading: str, result: str) -> str:
    """Return the Python blocks of a section as one script that prints the value of ``result`` as JSON."""
    lines: list[str] = []
    waiting = dict(LOOKED_UP)
    for block in section(ROOT / "README.md", heading, "py"):
        used_first_here = [name for name in waiting if re.search(rf"\b{name}\b", block.text)]
        lines.extend(waiting.pop(name) for name in used_first_here)
        text = block.text
        for placeholder, value in filled_in(folder).items():
            text = text.replace(placeholder, value)
        lines.append(text)
    script = "\n".join([*lines, "import json", f"print(json.dumps({result}))"])
    left = re.findall(r'"<[^>]*>"|"/path/to[^"]*"', script)
    assert not left, f"nothing fills in {left}"
    return script


def sign_up_command() -> str:
    """Return the line of the README that creates a user."""
    lines = [line for block in blocks(ROOT / "README.md", "sh") for line in block.text.splitlines()]
    (line,) = [line for line in lines if "server user create" in line]
    return line


def environment_of(own: PlatformProcess, home: Path) -> dict[str, str]:
    """Return the environment of a user who has just installed everything."""
    return {
        **os.environ,
        "HOME": str(home),
        "VOXEL51_SERVER_DIR": str(own.folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def run(script: str, own: PlatformProcess, home: Path) -> Any:
    """Run ``script``; return what it prints last."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=home,
        env=environment_of(own, home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr}\n{own.tail()}"
    return json.loads(done.stdout.splitlines()[-1])


def test_readme_quickstart_works_as_written(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    environment = environment_of(own, tmp_path)
    subprocess.run(["sh", "-c", sign_up_command()], cwd=tmp_path, env=environment, check=True, stdin=subprocess.DEVNULL)

    status = run(quickstart(tmp_path, "Quickstart", "status"), own, tmp_path)

    assert status["state"] == "COMPLETE"
    labels = json.loads((tmp_path / "downloads" / "output.zip").read_text(encoding="utf-8"))
    assert labels["events"]["events"], "no shots were found"
    assert not (tmp_path / ".voxel51" / "api-token.json").exists(), "the token is still active at the end"


def test_application_quickstart_works_as_written(start_platform: StartPlatform, tmp_path: Path) -> None:
    """The quickstart continues that of users, whose imports and analytic it uses."""
    own = start_platform()
    application = Application.create(own, tmp_path)
    application.token.rename(tmp_path / "app-token.json")
    before = """
from voxel51.users.jobs import JobRequest
from voxel51.users.query import JobsQuery
doc = {"inputs": [{"name": "video"}]}
"""

    found = run(
        before + quickstart(tmp_path, "For applications", "[users, all_data, all_jobs, job, api.list_users()]"),
        own,
        tmp_path,
    )

    users, all_data, all_jobs, job, users_at_the_end = found
    assert (users, users_at_the_end) == ([], ["alice"])
    assert [data["name"] for data in all_data] == ["bikes.mp4"]
    assert [(each["id"], each["name"]) for each in all_jobs] == [(job["id"], "my first job")]
    assert not (tmp_path / ".voxel51" / "app-token.json").exists(), "the token is still active at the end"
    with ApplicationAPI(ApplicationToken.from_private_key(application.key, own.url)) as api:
        api.with_user("alice")
        api.wait_until_job_completes(job["id"], max_wait_time=60)
