"""Walkthrough runner: execute the steps of a documentation page in one folder, from top to bottom, and check them."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from demo.platform_process import COMMAND
from support.waiting import LIMIT_SECONDS
from support.walkthroughs import Step
from voxel51.server.settings import Settings

_POLL_SECONDS = 0.02
_NGINX_PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

_SHELL = """
set -o allexport
cd "$READER_FOLDER"
trap 'code=$?; pwd > "$READER_NOTES/folder"; env -0 > "$READER_NOTES/environment"; exit $code' EXIT
{text}
"""
"""The state that a shell keeps between two blocks: its folder and its variables."""


class Reader:
    """Simulated reader of a page, who executes steps in order. Each step continues where the one before it ended.

    Args:
        folder: working directory and home of the reader.
        environment: variables of the reader's shell at the start.
        names: text on the page -> its replacement, such as a free port.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._folder = folder
        self._notes = folder / ".reader"
        self._notes.mkdir()
        self._environment = {**os.environ, **environment, "READER_NOTES": str(self._notes)}
        self._names = names
        self._background: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}

    def do(self, step: Step) -> None:
        """Execute the step, and assert that its result is the one on the page."""
        actions: dict[str, Callable[[Step], None]] = {
            "run": self._run, "file": self._save, "background": self._begin, "stop": self._stop
        }  # fmt: skip
        actions[step.word](step)

    def close(self) -> None:
        """End the background processes, the most recent first."""
        for name in reversed(list(self._background)):
            self._end(name)

    def _run(self, step: Step) -> None:
        if step.language in CHECKS:
            CHECKS[step.language](step, self._here(step.text))
            return
        command = self._command(step)
        done = subprocess.run(
            command, cwd=self._folder, env=self._shell_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (
            f"{step} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}\n{self._printed()}"
        )
        self._remember()
        if step.prints is not None:
            expected = self._here(step.prints)
            assert is_like(done.stdout, expected), f"{step} printed\n{done.stdout}\nand not\n{expected}"

    def _command(self, step: Step) -> list[str]:
        text = self._here(step.text)
        if step.language == "sh":
            return ["bash", "-euo", "pipefail", "-c", _SHELL.format(text=text)]
        assert step.language == "py", f"{step}: nothing runs or checks a block of {step.language!r}"
        return ["python3", "-W", "error", "-c", text]

    def _save(self, step: Step) -> None:
        path = self._folder / self._here(step.said)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(step.text), encoding="utf-8")
        if step.language in CHECKS:
            CHECKS[step.language](step, path.read_text(encoding="utf-8"))

    def _begin(self, step: Step) -> None:
        log = self._notes / f"{step.said}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._here(step.text)], cwd=self._folder,
                env=self._shell_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._background[step.said] = (process, log)
        assert step.prints is not None, f"{step} does not say what is printed when it is ready"
        deadline = time.monotonic() + LIMIT_SECONDS
        while not is_like(log.read_text(), f"...{self._here(step.prints).strip()}..."):
            assert process.poll() is None, f"{step} ended with {process.returncode}:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{step} is not ready:\n{log.read_text()}"
            time.sleep(_POLL_SECONDS)

    def _stop(self, step: Step) -> None:
        exit_code, printed = self._end(step.said)
        assert exit_code in {0, 130, -signal.SIGINT}, f"{step}: it ended with {exit_code}:\n{printed}"

    def _end(self, name: str) -> tuple[int, str]:
        process, log = self._background.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        return process.wait(LIMIT_SECONDS), log.read_text()

    def _shell_environment(self) -> dict[str, str]:
        return {**self._environment, "READER_FOLDER": str(self._folder)}

    def _remember(self) -> None:
        if (self._notes / "environment").is_file():
            lines = (self._notes / "environment").read_text().split("\0")
            self._environment = dict(line.split("=", 1) for line in lines if line)
            self._folder = Path((self._notes / "folder").read_text().rstrip("\n"))

    def _printed(self) -> str:
        return "\n".join(f"{name}: {log.read_text()[-2000:]}" for name, (_, log) in self._background.items())

    def _here(self, text: str) -> str:
        for name, value in self._names.items():
            text = re.sub(rf"\b{name}\b", value, text) if name.isdigit() else text.replace(name, value)
        return text


def is_like(printed: str, expected: str) -> bool:
    """Whether ``printed`` is what a page says: ``...`` stands for anything, spaces at ends of lines do not count."""
    pieces = _tidy(expected).split("...")
    return re.fullmatch(".*".join(map(re.escape, pieces)), _tidy(printed), re.DOTALL) is not None


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _check_json(step: Step, text: str) -> None:
    assert json.loads(text) is not None, f"{step}"


def _check_toml(step: Step, text: str) -> None:
    assert tomllib.loads(text), f"{step}"


def _check_ini(step: Step, text: str) -> None:
    """A unit, by systemd; or settings, by the platform."""
    if step.said.endswith(".env"):
        Settings.load(dict(line.split("=", 1) for line in text.splitlines()), {})
    else:
        _check_unit(step, text)


def _check_unit(step: Step, text: str) -> None:
    """Verify a systemd unit, with the programs of this machine instead of the reader's."""
    if not _is_there("systemd-analyze"):
        return
    with tempfile.TemporaryDirectory() as name:
        unit = Path(name) / step.said
        unit.write_text(re.sub(r"/opt/voxel51/\S*/voxel51", str(COMMAND), text), encoding="utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
        )
        about_it = [line for line in done.stderr.splitlines() if unit.name in line]
        assert done.returncode == 0 and not about_it, f"{step}: {done.stderr}"


def _check_nginx(step: Step, text: str) -> None:
    """Verify the configuration of an nginx site, with a certificate of the test instead of the reader's."""
    if not _is_there("nginx"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certify(folder, "video.example.org")
        text = re.sub(r"/etc/letsencrypt/live/[^/]+/fullchain.pem", str(folder / "certificate.pem"), text)
        text = re.sub(r"/etc/letsencrypt/live/[^/]+/privkey.pem", str(folder / "key.pem"), text)
        text = re.sub(r"listen \d+", f"listen unix:{folder}/socket", text)
        places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _NGINX_PLACES)
        whole = f"pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {places} {text} }}"
        (folder / "nginx.conf").write_text(whole, encoding="utf-8")
        command = ["nginx", "-t", "-p", name, "-c", folder / "nginx.conf"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step}: {done.stderr}"


def certify(folder: Path, host: str) -> None:
    """Make ``certificate.pem``, which ``host`` signed itself, and its ``key.pem``."""
    subject = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject,
               "-out", folder / "certificate.pem", "-keyout", folder / "key.pem"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def _is_there(program: str) -> bool:
    """Whether something can be checked by it; CI must have it."""
    is_there = shutil.which(program) is not None
    assert is_there or not os.environ.get("CI"), f"{program} is not installed"
    return is_there


CHECKS: Mapping[str, Callable[[Step, str], None]] = {
    "json": _check_json,
    "toml": _check_toml,
    "ini": _check_ini,
    "nginx": _check_nginx,
}
"""Language -> what looks at a block of it that is no command."""
