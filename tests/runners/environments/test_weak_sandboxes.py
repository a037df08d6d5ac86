"""Bundles in each sandbox that this machine offers, and for platforms without the privileges of root."""

import json
import os

import pytest

from support.bundle_core import SECRET
from support.sandboxes import run_as, sandbox_report
from voxel51.runners.sandbox.policy import SandboxKind


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (SandboxKind.NONE, "normal user"),
        (SandboxKind.LANDLOCK, "normal user"),
        (SandboxKind.LANDLOCK, "root without capabilities"),  # it cannot map its id into a user namespace
        (SandboxKind.NAMESPACES, "normal user"),
        (SandboxKind.NAMESPACES, "root without CAP_CHOWN"),
    ],
)
def test_bundle_is_built_and_runs(kind, role):
    if role != "normal user" and os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    if sandbox_report().kind.strength < kind.strength:
        pytest.skip(f"this machine offers no {kind}: {sandbox_report().missing}")

    found = json.loads(run_as(role, "support.bundle_core", kind))

    assert (found["kind"], found["own_user"]) == (kind, False)
    assert found["lock"].startswith("paint==2.1 ")
    assert found["default"] == "red 2.1"
    assert found["exit_code"] == 0, found["log"]
    secret = SECRET if kind is SandboxKind.NONE else "refused"
    assert found["result"] == {"colour": "red 2.1", "secret": secret}
