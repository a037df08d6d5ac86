"""The Dockerfile, by the rules of hadolint."""

import subprocess

import pytest

from support.deployment_tools import tool
from support.documentation_pages import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_dockerfile_follows_the_rules_of_hadolint() -> None:
    done = subprocess.run([tool("hadolint"), ROOT / "deploy/Dockerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
