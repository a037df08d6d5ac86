"""Probe of the sandbox: what counts as missing."""

import pytest

from voxel51.runners.sandbox import probe
from voxel51.runners.sandbox.policy import SandboxKind


@pytest.mark.parametrize(
    ("failures", "kind"), [(0, SandboxKind.NAMESPACES), (2, SandboxKind.NAMESPACES), (99, SandboxKind.NONE)]
)
def test_a_mechanism_counts_as_missing_when_it_fails_again_and_again(monkeypatch, failures, kind):
    tried = []

    def fail(policy):
        tried.append(policy)
        return "no memory" if len(tried) <= failures else None

    monkeypatch.setattr(probe, "_try", fail)

    report = probe.probe(SandboxKind.NAMESPACES)

    assert report.kind is kind
    assert any("no memory" in reason for reason in report.missing) == (kind is SandboxKind.NONE)
