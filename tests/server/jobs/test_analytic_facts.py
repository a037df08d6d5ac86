"""Analytic facts: what past jobs of an analytic cost, on the caller's side only what the caller may know."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.job_services import DOCUMENT
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.weights_in_use import WeightsInUse
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.analytic_facts import (
    MAX_ANALYTICS,
    MEASURED_JOBS,
    AnalyticFactsService,
    CompleteJob,
    can_try,
    cost_of,
)
from voxel51.server.jobs.tables import jobs
from voxel51.server.outcomes import only
from voxel51.wire import dates

RANGE = [
    {"name": name, "type": "types.Number", "description": "", "placeholder": "", "required": False}
    for name in ("start_seconds", "end_seconds")
]
MODEL = {"name": "CenterFace", "licence": "MIT"}
BASE = {"id": "j", "owner_id": "o", "start_date": dates.now(), "frame_count": None, "expired": False}


def complete_job(services, user, *, run_seconds, duration_seconds):
    """Run a job to its end, and set how long it took."""
    job_id = services.submit(user)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    if duration_seconds is not None:
        services.reports.report_metadata(attempt, {"frame_count": 30, "duration_seconds": duration_seconds})
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    with services.database.write() as connection:
        [ended] = connection.execute(update(jobs).where(jobs.c.id == job_id).returning(jobs.c.completion_date).values(
            state="COMPLETE"
        )).scalars()  # fmt: skip
        began = ended - timedelta(seconds=run_seconds)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(start_date=began))
    return job_id


@pytest.fixture
def service(services):
    return AnalyticFactsService(services.database, services.analytics)


@pytest.fixture
def analytic_id(services, alice):
    return services.analytics.resolve(alice, "voxel51/count", None).id


def test_cost_is_unknown_until_a_job_has_measured_it(services, service, alice, analytic_id):
    assert only(service.facts(alice, [analytic_id])) == {
        "model": None,
        "cost": None,
        "latest_result": None,
        "can_try": False,
    }

    complete_job(services, alice, run_seconds=2, duration_seconds=None)
    assert only(service.facts(alice, [analytic_id]))["cost"] is None

    complete_job(services, alice, run_seconds=6, duration_seconds=40)
    complete_job(services, alice, run_seconds=4, duration_seconds=20)
    assert only(service.facts(alice, [analytic_id]))["cost"] == {"seconds_per_minute": 10.0, "jobs": 2}


def test_latest_result_is_the_callers_own(services, service, alice, bob, analytic_id):
    first = complete_job(services, alice, run_seconds=1, duration_seconds=60)
    complete_job(services, bob, run_seconds=1, duration_seconds=60)

    assert only(service.facts(alice, [analytic_id]))["latest_result"] == {"job_id": first, "frame_count": 30}
    assert only(service.facts(bob, [analytic_id]))["cost"] == {"seconds_per_minute": 1.0, "jobs": 2}

    second = complete_job(services, alice, run_seconds=1, duration_seconds=60)
    assert only(service.facts(alice, [analytic_id]))["latest_result"]["job_id"] == second
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == second).values(expired=True))
    assert only(service.facts(alice, [analytic_id]))["latest_result"]["job_id"] == first


def test_cost_is_that_of_the_last_jobs(services, service, alice, analytic_id):
    complete_job(services, alice, run_seconds=1000, duration_seconds=60)
    for _ in range(MEASURED_JOBS):
        complete_job(services, alice, run_seconds=3, duration_seconds=60)

    cost = only(service.facts(alice, [analytic_id]))["cost"]

    assert cost == {"seconds_per_minute": 3.0, "jobs": MEASURED_JOBS}


def test_unknown_analytics_are_refused_one_by_one(service, alice, analytic_id):
    found = service.facts(alice, [analytic_id, "x"])

    assert isinstance(found["x"], NotFound)
    assert not isinstance(found[analytic_id], NotFound)
    with pytest.raises(BadRequest, match=f"at most {MAX_ANALYTICS}"):
        service.facts(alice, ["x"] * (MAX_ANALYTICS + 1))


def test_model_is_that_of_the_present_weights_else_of_the_manifest(services, alice, tmp_path):
    def candidate(name, included):
        known = {"licence": "Apache-2.0", "accuracy": f"{name} mAP", "filename": f"{name}.onnx", "sha256": []}
        return {"name": name, **known, "included_sha256": included}

    weights = {"weights": {"auto": [candidate("large", None), candidate("small", "5")], "large": []}}
    parameter = {"name": "weights", "type": "types.String", "description": "", "placeholder": "", "required": False}
    chosen = {**DOCUMENT, "info": {**DOCUMENT["info"], "name": "chosen"}, "parameters": [
        {**parameter, "default": "auto"}
    ]}  # fmt: skip
    fixed = {**DOCUMENT, "info": {**DOCUMENT["info"], "name": "fixed"}, "extensions": {"model": MODEL}}
    analytics = AnalyticService(services.database, WeightsInUse(tmp_path))
    offers = {"voxel51/chosen": (chosen, weights), "voxel51/fixed": (fixed, {})}
    analytics.install(
        [InstalledAnalytic(name, document, True, choices) for name, (document, choices) in offers.items()]
    )
    service = AnalyticFactsService(services.database, analytics)
    ids = {name: analytics.resolve(alice, name, None).id for name in offers}

    facts = service.facts(alice, list(ids.values()))

    assert facts[ids["voxel51/chosen"]]["model"] == {"name": "small", "licence": "Apache-2.0", "accuracy": "small mAP"}
    assert facts[ids["voxel51/fixed"]]["model"] == MODEL


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"parameters": RANGE}, True),
        ({"parameters": RANGE[:1]}, False),
        ({"parameters": [*RANGE, {**RANGE[0], "name": "model", "required": True}]}, False),
        ({"parameters": [*RANGE, {**RANGE[0], "name": "limit", "required": True, "default": 1}]}, True),
        ({"parameters": RANGE, "inputs": [*DOCUMENT["inputs"], {**DOCUMENT["inputs"][0], "name": "other"}]}, False),
        ({"parameters": RANGE, "inputs": []}, False),
    ],
)
def test_analytic_can_be_tried_if_it_needs_one_video_only(change, expected):
    assert can_try({**DOCUMENT, **change}) is expected


def test_long_videos_count_more_than_short_ones():
    short = CompleteJob(**BASE, completion_date=BASE["start_date"] + timedelta(seconds=1), duration_seconds=1.0)
    long = replace(short, completion_date=BASE["start_date"] + timedelta(seconds=9), duration_seconds=99.0)

    assert cost_of([short, long]) == {"seconds_per_minute": 6.0, "jobs": 2}
