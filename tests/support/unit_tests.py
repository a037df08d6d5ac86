"""Unit tests: a test is one if its folder is listed here, and it starts no server and decodes no video.

The folders mirror ``src/voxel51``. `make test-unit` runs these tests alone and does not even import the others.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("wire", "transport", "users", "apps", "labels", "platform", "server", "ci")
NOT_UNIT = (
    "labels/media",
    "labels/formats",
    "labels/test_contact_sheet.py",
    "labels/test_draw.py",
    "labels/test_evaluate.py",
    "platform/test_video.py",
    "platform/test_installed_analytics.py",
    "platform/test_selection.py",
    "server/analytics/test_images.py",
    "server/analytics/test_installed.py",
    "server/database/test_listing.py",
    "server/database/test_migrations.py",
    "server/engine/runners",
    "server/engine/test_orphan_processes.py",
    "server/search/test_matching.py",
    "server/test_query_plans.py",
    "server/webhooks/test_deliveries.py",
)
"""Slower tests: they decode videos, start jobs, load further libraries or all analytics, run every migration,
or compare many random databases."""
SERVER_FIXTURES = {"platform", "start_platform", "postgresql"}
STARTS_SERVERS = re.compile(r"^from support\.platforms import .*\brunning\b", re.MULTILINE)
"""In the text of a module: it starts platforms in fixtures of its own."""


def mark_unit_tests(items: list[pytest.Item]) -> None:
    """Give the marker ``unit`` to every item that is a unit test."""
    modules: dict[Path, bool] = {}
    for item in items:
        if item.path not in modules:
            modules[item.path] = is_unit_module(item.path)
        if modules[item.path] and not _uses_server(item):
            item.add_marker(pytest.mark.unit)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the import of other modules when only unit tests are selected."""
    selects_unit_tests = str(config.option.markexpr).startswith("unit")
    is_other_module = collection_path.suffix == ".py" and not is_unit_module(collection_path)
    return True if selects_unit_tests and is_other_module else None


def is_unit_module(path: Path) -> bool:
    """Return whether a test module may contain unit tests."""
    if not path.is_relative_to(TESTS):
        return False
    name = path.relative_to(TESTS)
    if name.parts[0] not in FOLDERS or name.as_posix().startswith(NOT_UNIT):
        return False
    return not STARTS_SERVERS.search(path.read_text(encoding="utf-8"))


def _uses_server(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    parameters: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    return not SERVER_FIXTURES.isdisjoint(fixtures) or parameters.get("database_url") == "postgresql"
