"""Lock files: pins with hashes, split into those of the platform and those that development adds."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", ".ci/installer.txt")


def pins(lock: str) -> list[str]:
    """Return the logical lines of a lock file: requirement, marker and hashes of each package."""
    return (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def names(lock: str) -> set[str]:
    """Return the names of the packages in a lock file."""
    return {pin.partition("==")[0] for pin in pins(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_exact_versions_with_hashes_and_no_index(lock: str) -> None:
    assert pins(lock)
    for pin in pins(lock):
        assert re.match(r"[a-z0-9-]+==[\w.]+ ( *; [^-]+)? *(--hash=sha256:[0-9a-f]{64} *)+$", pin), pin[:80]


def test_the_lock_of_the_platform_has_no_development_tools() -> None:
    assert {"starlette", "onnxruntime", "psycopg", "rich-argparse"} <= names("requirements.txt")
    assert not {"pytest", "ruff", "mypy", "sphinx", "playwright", "hatchling"} & names("requirements.txt")


def test_the_lock_of_development_repeats_no_pin_of_the_platform() -> None:
    assert "pytest" in names("requirements-dev.txt")
    assert not set(pins("requirements.txt")) & set(pins("requirements-dev.txt"))
