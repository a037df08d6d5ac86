"""Shell completion as described in docs/how-to/shell-completion.md."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.platform_process import COMMAND
from support.documentation_pages import DOCUMENTATION, blocks
from support.waiting import LIMIT_SECONDS

PAGE = DOCUMENTATION / "how-to" / "shell-completion.md"
REGISTER = COMMAND.with_name("register-python-argcomplete")
Type = Callable[[str, str], str]


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Type]:
    """An interactive bash: type text and return the output up to the expected text."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "PS1": "$ ",
                   "TERM": "dumb", "INPUTRC": "/dev/null"}  # fmt: skip
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)

    def type_in(text: str, awaited: str) -> str:
        os.write(ours, text.encode())
        shown, deadline = "", time.monotonic() + LIMIT_SECONDS
        while not re.search(awaited, shown):
            assert select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0], f"only {shown!r} came"
            shown += os.read(ours, 4096).decode(errors="replace")
        return shown

    try:
        yield type_in
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def test_bash_completion_works_as_documented(bash: Type) -> None:
    (block,) = blocks(PAGE, "sh")
    bash(f"{block.text.strip()}; echo set $? up\n", "set 0 up")

    assert "wait" in bash("voxel51 jobs wa\t\t", r"watch\b")
    bash("tc\t", r"tch ")
    bash("--js\t", r"on ")
    bash("\x15voxel51 ser\t", r"ver ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_documented_shells_are_supported(shell: str) -> None:
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {shell} "))

    done = subprocess.run([REGISTER, "--shell", shell, "voxel51"], capture_output=True, text=True, check=True)

    assert "voxel51" in done.stdout
    assert "register-python-argcomplete" in row
    assert f"--shell {shell}" in row or shell == "bash"
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)
