"""Programs: what a job needs of its node, as the manifest of its analytic declares."""

from pathlib import Path

import pytest

from support.databases import migrated_sqlite
from support.job_services import DOCUMENT, open_job_services
from voxel51.runners.resources import Resources
from voxel51.server.analytics.installed import InstalledAnalytic


@pytest.mark.parametrize(
    ("declared", "compute_mode", "needed"),
    [
        ({}, "BEST", Resources(1, 0, 0)),
        ({}, "GPU", Resources(1, 1, 0)),
        ({"cpus": 2.5, "gpus": 0.5, "memory_bytes": 4 << 30}, "BEST", Resources(2.5, 0, 4 << 30)),
        ({"cpus": 2.5, "gpus": 0.5, "memory_bytes": 4 << 30}, "GPU", Resources(2.5, 0.5, 4 << 30)),
    ],
)
def test_a_job_needs_what_the_manifest_declares(
    tmp_path: Path, declared: dict[str, float], compute_mode: str, needed: Resources
) -> None:
    info = {**DOCUMENT["info"], "name": "needs", "supports_gpu": True}
    document = {**DOCUMENT, "info": info, "extensions": {"resources": declared}}
    with open_job_services(tmp_path, migrated_sqlite(tmp_path / "jobs.sqlite")) as services:
        services.analytics.install([InstalledAnalytic("voxel51/needs", document, preload_safe=True)])
        user = services.accounts.create_user("alice")
        analytic = services.analytics.resolve(user, "voxel51/needs", None)

        assert services.programs.resources(analytic.id, compute_mode) == needed
