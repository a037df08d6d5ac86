"""The services of the dispatcher do what the model says, and defects that they once had are found."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection, select

from support.databases import migrated_sqlite
from support.dispatch_machine import DispatchMachine
from support.job_services import JobServices, open_job_services
from voxel51.runners import orphan_processes
from voxel51.server.accounts.callers import User
from voxel51.server.database import database
from voxel51.server.database.outages import Outages
from voxel51.server.engine import dispatcher as dispatching
from voxel51.server.engine import start_gate
from voxel51.server.engine.dispatcher import Dispatcher
from voxel51.server.engine.owned_attempts import OwnedAttempt
from voxel51.server.jobs import attempts as attempt_services
from voxel51.server.jobs import fair_share, transitions
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import AttemptService, Settlement
from voxel51.server.jobs.fair_share import QueuedJob
from voxel51.server.jobs.tables import jobs
from voxel51.server.jobs.transitions import JobTransition
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobState

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "12"))
STEPS = 30
_HOUR = Backoff(first_seconds=3600, longest_seconds=3600)


@pytest.fixture(autouse=True)
def steps_instead_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens because time passes: waits last until a step ends them."""
    monkeypatch.setattr(dispatching, "_WATCHDOG_INTERVAL_SECONDS", 1e9)
    monkeypatch.setattr(start_gate, "AFTER_FAILED_START", Backoff(first_seconds=0, longest_seconds=0))
    monkeypatch.setattr(attempt_services, "AFTER_LOSS", _HOUR)
    monkeypatch.setattr(fair_share, "AFTER_LOSS", _HOUR)
    monkeypatch.setattr(orphan_processes, "kill", lambda _process: True)


@pytest.fixture(autouse=True)
def no_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: the machine under the test does not fail."""
    begin = database._begin_writing
    monkeypatch.setattr(database, "_begin_writing", lambda connection, durable: begin(connection, durable=False))
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    monkeypatch.setattr(os, "fdatasync", lambda _file: None)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[JobServices]:
    with open_job_services(tmp_path, migrated_sqlite(tmp_path / "platform.sqlite")) as built:
        yield built


@pytest.fixture
def owner(services: JobServices) -> User:
    return services.accounts.create_user("alice")


def run(services: JobServices, owner: User, folder: Path, examples: int = EXAMPLES) -> None:
    """Take random steps on services and model. They are the same in every run of the tests."""
    data_id = services.add_data(owner)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # shrinking takes minutes,
    )
    run_state_machine_as_test(lambda: DispatchMachine(services, owner, data_id, folder), settings=chosen)


def test_services_do_what_the_model_says(services: JobServices, owner: User, tmp_path: Path) -> None:
    run(services, owner, tmp_path)


def test_services_on_postgresql_do_what_the_model_says(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with open_job_services(tmp_path, request.getfixturevalue("postgresql").database()) as services:
        run(services, services.accounts.create_user("alice"), tmp_path, examples=EXAMPLES // 3)


def forget_attempts_that_cannot_be_settled(patch: pytest.MonkeyPatch) -> None:
    """Forget a claimed attempt if its end cannot be recorded, without a watchdog that finds it."""
    settle = Dispatcher._settle

    def remove_and_settle(self: Dispatcher, attempt: OwnedAttempt) -> None:
        self._owned.remove(attempt.attempt_id)
        settle(self, attempt)

    patch.setattr(Dispatcher, "_settle", remove_and_settle)
    patch.setattr(Dispatcher, "_watch", lambda _self: None)


def count_losses_while_the_database_is_away(patch: pytest.MonkeyPatch) -> None:
    """Blame jobs for what happens to their attempts during an outage of the database."""
    patch.setattr(Outages, "any_since", lambda *_: False)


def count_failed_starts(patch: pytest.MonkeyPatch) -> None:
    """Count attempts that could not be started as lost ones."""
    lost = {Settlement.NOT_STARTED: Settlement.LOST}
    patch.setattr(attempt_services, "_believed", lambda settlement, _row: lost.get(settlement, settlement))


def take_reports_of_replaced_attempts(patch: pytest.MonkeyPatch) -> None:
    """Take the reports of every attempt, whether it is the current one or not."""
    patch.setattr(AttemptReports, "_check_current", lambda *_: None)


def claim_jobs_twice(patch: pytest.MonkeyPatch) -> None:
    """Claim jobs that another dispatcher has claimed already."""

    def next_jobs(
        connection: Connection, limit: int, *_limits: object, internal: bool = False, excluded: object = ()
    ) -> list[QueuedJob]:
        claimable = jobs.c.state.in_([JobState.QUEUED, JobState.SCHEDULED]) & jobs.c.internal.is_(internal)
        found = select(jobs.c.id, jobs.c.analytic_id, jobs.c.owner_id, jobs.c.compute_mode, jobs.c.scheduling).where(
            claimable
        )
        return [QueuedJob(*row) for row in connection.execute(found.order_by(jobs.c.queued_at).limit(limit))]

    patch.setattr(attempt_services, "next_jobs", next_jobs)
    patch.setattr(attempt_services, "is_any_queued", lambda *_, **__: True)
    sources = {JobState.QUEUED, JobState.SCHEDULED}
    patch.setattr(JobTransition.CLAIM, "_value_", (sources, JobState.SCHEDULED))
    patch.setattr(transitions, "_statement", transitions._statement.__wrapped__)  # it remembers the states


def leave_attempts_of_dead_dispatchers(patch: pytest.MonkeyPatch) -> None:
    """Settle no attempt of a dispatcher that has died."""
    patch.setattr(AttemptService, "abandoned", lambda _self: [])


@pytest.mark.parametrize(
    "put_back",
    [
        forget_attempts_that_cannot_be_settled,
        count_losses_while_the_database_is_away,
        count_failed_starts,
        take_reports_of_replaced_attempts,
        claim_jobs_twice,
        leave_attempts_of_dead_dispatchers,
    ],
)
def test_defect_that_is_put_back_is_found(
    put_back: Callable[[pytest.MonkeyPatch], Any],
    services: JobServices,
    owner: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_back(monkeypatch)

    with pytest.raises(AssertionError):
        run(services, owner, tmp_path, examples=100)
