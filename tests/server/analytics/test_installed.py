"""Installed analytics: one whose import hangs is named and left out."""

import os

import pytest

import voxel51
from samples.installed import install
from voxel51.server.analytics.installed import find_installed
from voxel51.server.doctor import Verdict, check_analytics


def test_analytic_whose_import_hangs_is_named_and_left_out(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, install(tmp_path, hanging=True))))

    installed = find_installed(import_seconds=15)

    error = "importing it did not end within 15 s"
    assert installed.errors["samples/hanging"] == error
    assert "samples/no-op" in {each.entry_point for each in installed.analytics}
    assert f"the installed analytic samples/hanging cannot be used: {error}" in caplog.text
    finding = check_analytics(installed)
    assert finding.verdict is Verdict.WARNING
    assert f"samples/hanging cannot be used: {error}" in finding.text


def test_import_on_a_busy_machine_may_take_its_time_of_the_processor(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, install(tmp_path, slow=True))))

    installed = find_installed(import_seconds=2)

    assert "samples/slow" in {each.entry_point for each in installed.analytics}
    assert installed.errors["samples/spinning"] == "importing it did not end within 2 s"


def test_other_version_of_the_platform_is_refused(monkeypatch):
    monkeypatch.setattr(voxel51, "__version__", "0.0.9")

    with pytest.raises(RuntimeError, match=r"voxel51-platform itself was changed from 0\.0\.9 to \d.*; restart"):
        find_installed()
