"""Start of the client and of the command line, as multiples of the start of a bare interpreter.

Each run starts an interpreter that imports nothing, and then the others, so that ratios do not depend on the load of
the machine. The figures are processor time. Bytecode is compiled before, as an installer does.
"""

import compileall
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import voxel51
from benchmarks.support.figures import Figure

RUNS = 15
COMMAND = Path(sys.executable).with_name("voxel51")


def measure() -> list[Figure]:
    """Return the seconds of each start."""
    for folder in voxel51.__path__:
        compileall.compile_dir(folder, quiet=1)
    cases = {
        "bare": _python("pass"),
        "client": _python("import voxel51.users.api"),
        "requests": _python("import requests"),
        "help": [str(COMMAND), "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(RUNS):
        for name, command in cases.items():
            seconds[name].append(_seconds(command))
    bare, client = seconds["bare"], seconds["client"]
    return [
        Figure("import of voxel51.users.api", "s", client, "bare Python", bare, "≤ 5"),
        Figure("import of voxel51.users.api", "s", client, "import requests", seconds["requests"], "≤ 1"),
        Figure("voxel51 --help", "s", seconds["help"], "bare Python", bare, "≤ 7"),
    ]


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
