"""Cache of the descriptions of installed analytics: valid for one state of the installed packages."""

import json
import sys
from pathlib import Path

import pytest

from voxel51.server.analytics.description_cache import DescriptionCache, fingerprint_installation

DESCRIPTIONS = [{"name": "ours/count", "preload_safe": True}]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package that offers an analytic."""
    site = tmp_path / "site"
    package = site / "counting_objects"
    metadata = site / "counting_objects-1.0.dist-info"
    for folder in (package, metadata):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('this module must not be imported')\n")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: counting-objects\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[voxel51.analytics]\nours/count = counting_objects:count\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    return package


def test_descriptions_are_returned_for_their_fingerprint_alone(tmp_path: Path) -> None:
    cache = DescriptionCache(tmp_path / "cache")
    assert cache.read("one") is None

    cache.write("one", DESCRIPTIONS)

    assert cache.read("one") == DESCRIPTIONS
    assert cache.read("another") is None
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["installed-analytics.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '"one"', json.dumps({"fingerprint": "one"})])
def test_damaged_file_counts_as_missing(tmp_path: Path, content: str) -> None:
    (tmp_path / "installed-analytics.json").write_text(content)

    assert DescriptionCache(tmp_path).read("one") is None


def test_unwritable_folder_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")

    DescriptionCache(tmp_path / "cache").write("one", DESCRIPTIONS)


def test_fingerprint_changes_with_files_of_an_analytic_and_with_distributions(package: Path) -> None:
    fingerprints = [fingerprint_installation()]
    assert fingerprint_installation() == fingerprints[0]

    (package / "manifest.json").write_text("{}")
    fingerprints.append(fingerprint_installation())
    (package / "__init__.py").write_text("count = None\n")
    fingerprints.append(fingerprint_installation())
    (package.parent / "other-2.0.dist-info").mkdir()
    fingerprints.append(fingerprint_installation())
    (package.parent / "counting_objects-1.0.dist-info" / "entry_points.txt").write_text("")
    fingerprints.append(fingerprint_installation())

    assert len(set(fingerprints)) == len(fingerprints)
    assert "counting_objects" not in sys.modules


def test_fingerprint_ignores_compiled_modules(package: Path) -> None:
    before = fingerprint_installation()

    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"compiled")

    assert fingerprint_installation() == before
