"""What is wrong is found, and said with what to do."""

import json
import subprocess
from pathlib import Path

from demo.platform_process import COMMAND, PlatformProcess


def run(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [COMMAND, "server", *map(str, arguments)], capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, done.stdout


def test_a_platform_that_runs_is_found(platform: PlatformProcess) -> None:
    assert run("status", "--dir", platform.folder) == (0, f"The platform runs at {platform.url}\n")
    code, said = run("status", "--dir", platform.folder, "--json")
    assert (code, json.loads(said)) == (0, {"running": True, "url": platform.url})


def test_one_that_does_not_is_told(tmp_path: Path) -> None:
    assert run("status", "--dir", tmp_path) == (1, "The platform is not running\n")


def test_a_healthy_machine_has_no_failures(tmp_path: Path) -> None:
    code, said = run("doctor", "--dir", tmp_path / "new", "--json")

    findings = {each["subject"]: each for each in json.loads(said)}
    assert code == 0
    assert "failure" not in {each["verdict"] for each in findings.values()}
    assert findings["extras"]["verdict"] == "ok"
    assert findings["encoder"]["verdict"] == "ok"
    assert "are installed" in findings["analytics"]["text"]
    assert findings["isolation"]["verdict"] == "warning"
    assert not (tmp_path / "new").exists()


def test_what_is_wrong_fails_and_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "platform.sqlite").write_text("no database at all " * 100)

    code, said = run("doctor", "--dir", folder)

    assert code == 1
    assert f"FAIL  data folder: {folder} can be read by others (mode 755); run: chmod 700 {folder}" in said
    assert "FAIL  database: it cannot be looked at: the database" in said
