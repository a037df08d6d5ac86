"""Fixtures: the services of pipelines and of jobs, and two users, on SQLite and PostgreSQL."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import DOCUMENT, JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.jobs.tables import jobs
from voxel51.server.pipelines.checks import PipelineChecker
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.server.pipelines.service import PipelineService
from voxel51.server.scheduling.predictions import Predictor
from voxel51.wire.pipelines import PipelineRun

LABELS = {"name": "frames", "type": "types.VideoLabels", "description": "frames", "required": False}
LEVEL = {"name": "level", "type": "types.Number", "description": "", "placeholder": "", "required": False, "default": 1}
KEYFRAMES: dict[str, Any] = {
    "schema_version": 1,
    "name": "Keyframes",
    "inputs": [{"name": "video"}],
    "parameters": [{"name": "level", "type": "Number", "default": 3}],
    "steps": [
        {
            "name": "faces",
            "analytic": "voxel51/find",
            "inputs": {"video": {"input": "video"}, "frames": {"step": "shots"}},
            "parameters": {"level": {"parameter": "level"}},
        },
        {"name": "shots", "analytic": "voxel51/shots", "inputs": {"video": {"input": "video"}}},
        {
            "name": "text",
            "analytic": "voxel51/find",
            "inputs": {"video": {"input": "video"}, "frames": {"step": "shots"}},
            "parameters": {"level": 2},
        },
    ],
}
"""Two steps that take the labels of a third, which comes between them."""


@dataclass
class PipelineSite:
    """The services that a test of pipelines needs."""

    jobs: JobServices
    pipelines: PipelineService
    runs: PipelineRunService

    def start(self, user: User, document: dict[str, Any] | None = None, **new: Any) -> PipelineRun:
        """Save a document and run it, by default on a new video."""
        pipeline = self.pipelines.save(user, document or KEYFRAMES)
        new.setdefault("inputs", {"video": {"data-id": self.jobs.add_data(user)}})
        return self.runs.start(user, pipeline["id"], new)

    def states(self, user: User, run: PipelineRun) -> dict[str, str]:
        """Return the state of each step of a run."""
        return {step["name"]: step["state"] for step in self.runs.details(user, run["id"])["steps"]}

    def end_jobs(self, state: str = "COMPLETE", message: str | None = None) -> int:
        """Run all jobs that can be claimed to their end; return how many."""
        claims = self.jobs.attempts.claim(100)
        for claim in claims:
            attempt = self.jobs.reports.authenticate(claim.credential, claim.job_id)
            self.jobs.reports.report_state(attempt, "RUNNING", None)
            if message is not None:
                self.jobs.reports.put_status(attempt.id, json.dumps({"messages": [{"message": message}]}))
            if state == "COMPLETE":
                self.jobs.put_output(attempt)
            self.jobs.reports.report_state(attempt, state, None if state == "COMPLETE" else "ANALYTIC")
        return len(claims)

    def count_jobs(self) -> int:
        """Return the number of all jobs."""
        with self.jobs.database.read() as connection:
            return len(connection.execute(select(jobs.c.id)).all())


def document(name: str, **parts: Any) -> dict[str, Any]:
    """Return the manifest of an analytic that makes labels."""
    made = copy.deepcopy(DOCUMENT) | parts
    made["info"] = {**DOCUMENT["info"], "name": name}
    made["outputs"] = [{**DOCUMENT["outputs"][0], "type": "types.VideoLabels"}]
    return made


@pytest.fixture
def site(services: JobServices) -> PipelineSite:  # noqa: F811  (the fixture)
    always_equal = {"extensions": {"deterministic": True}}
    documents = {
        "shots": document("shots", **always_equal),
        "find": document("find", inputs=[*DOCUMENT["inputs"], LABELS], parameters=[LEVEL], **always_equal),
        "silent": {**document("silent"), "outputs": []},
    }
    services.analytics.install(
        [InstalledAnalytic(f"voxel51/{name}", each, preload_safe=True) for name, each in documents.items()]
    )
    checker = PipelineChecker(services.jobs.submission)
    runs = PipelineRunService(services.database, checker, services.jobs, services.actions, Predictor())
    return PipelineSite(services, PipelineService(services.database, checker), runs)


@pytest.fixture
def given() -> dict[str, Any]:
    """Return a valid document, to be changed by the test."""
    return copy.deepcopy(KEYFRAMES)
