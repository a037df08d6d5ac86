"""Unit tests: a test is one if its folder is listed here and it starts no server.

The folders mirror ``src/voxel51``. `make test-unit` runs these tests alone.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("wire", "transport", "users", "apps", "labels", "platform", "server", "ci")
SERVER_FIXTURES = {"platform", "start_platform", "postgresql"}
STARTS_SERVERS = re.compile(r"^from support\.platforms import .*\brunning\b", re.MULTILINE)
"""In the text of a module: it starts platforms in fixtures of its own."""


def mark_unit_tests(items: list[pytest.Item]) -> None:
    """Give the marker ``unit`` to every item that is a unit test."""
    modules: dict[Path, bool] = {}
    for item in items:
        if item.path not in modules:
            modules[item.path] = _is_unit_module(item.path)
        if modules[item.path] and not _uses_server(item):
            item.add_marker(pytest.mark.unit)


def _is_unit_module(path: Path) -> bool:
    is_in_folder = path.is_relative_to(TESTS) and path.relative_to(TESTS).parts[0] in FOLDERS
    return is_in_folder and not STARTS_SERVERS.search(path.read_text(encoding="utf-8"))


def _uses_server(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    parameters: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    return not SERVER_FIXTURES.isdisjoint(fixtures) or parameters.get("database_url") == "postgresql"
