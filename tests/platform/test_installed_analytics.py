import json
import os
import subprocess
import sys

import pytest

from samples.analytics import NO_OP
from samples.installed import install
from voxel51.platform.installed_analytics import digest


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    module_folders = install(tmp_path_factory.mktemp("dist"), broken=True)
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(map(str, module_folders))}
    command = [sys.executable, "-P", "-m", "voxel51.platform.installed_analytics"]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return {analytic["name"]: analytic for analytic in json.loads(found.stdout)["analytics"]}


def test_an_analytic_is_described_by_its_document_and_digest(described):
    assert described["samples/no-op"] == {
        "name": "samples/no-op",
        "document": NO_OP.document,
        "digest": digest(NO_OP.document),
        "preload": [],
        "preload_safe": True,
        "weights": {},
    }


def test_an_analytic_that_starts_threads_is_not_safe_to_preload(described):
    assert described["samples/threaded"]["preload_safe"] is False


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param("broken-import", "RuntimeError: cannot be imported", id="exception"),
        pytest.param("broken-exit", "importing it ended the process with code 3", id="exit"),
        pytest.param("broken-kind", "and not an Analytic", id="not-an-analytic"),
    ],
)
def test_a_broken_analytic_has_an_error_and_does_not_hide_others(described, name, error):
    assert error in described[f"samples/{name}"]["error"]
    assert "document" not in described[f"samples/{name}"]


def test_the_digest_does_not_depend_on_the_layout_of_the_manifest():
    shuffled = dict(reversed(NO_OP.document.items()))

    assert digest(shuffled) == digest(NO_OP.document)
    assert digest({**NO_OP.document, "zip_outputs": True}) != digest(NO_OP.document)
