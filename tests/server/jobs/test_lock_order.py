"""Lock order: transactions that end, cancel, delete, expire and submit jobs of one chain never wait in a circle."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from support.job_services import DOCUMENT, JobServices, open_job_services
from support.postgresql import PostgreSQL
from support.waiting import wait_until
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.errors import BadRequest, Conflict, Forbidden, Unauthenticated, Unavailable
from voxel51.server.jobs.attempts import ClaimedAttempt, Settlement
from voxel51.server.jobs.dependencies import lock_sources, lock_with_dependents, record_dependencies
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates

ROUNDS = 20
_OVER = (BadRequest, Conflict, Forbidden, Unauthenticated)
"""Errors of a caller that comes second."""


@dataclass
class Chain:
    """Jobs of one round: each but the first takes outputs of earlier ones. One attempt runs the first."""

    services: JobServices
    owner: User
    job_ids: list[str]
    claim: ClaimedAttempt
    random: random.Random

    def some(self) -> list[str]:
        """Return some of the jobs, in any order."""
        return self.random.sample(self.job_ids, self.random.randint(2, len(self.job_ids)))

    def complete(self) -> None:
        """Report that the first job is complete, with its last status."""
        attempt = self.services.reports.authenticate(self.claim.credential, self.claim.job_id)
        status = json.dumps({"messages": [{"message": "done"}]})
        self.services.reports.finish(attempt, {"state": "COMPLETE", "output": b"{}", "status": status.encode()})

    def fail(self) -> None:
        """Report that the first job failed."""
        attempt = self.services.reports.authenticate(self.claim.credential, self.claim.job_id)
        self.services.reports.report_state(attempt, "FAILED", "ANALYTIC")

    def crash(self) -> None:
        """Settle the attempt as one that ended without a report."""
        self.services.attempts.settle(self.claim.attempt_id, Settlement.ANALYTIC_FAILED, "exit 1")

    def lose(self) -> None:
        """Settle the attempt as lost, so that the job is queued again."""
        self.services.attempts.settle(self.claim.attempt_id, Settlement.LOST, "its node has died")

    def kill(self) -> None:
        """Cancel some of the jobs."""
        self.services.actions.kill(self.owner, self.some())

    def delete(self) -> None:
        """Delete those of some jobs that are not started."""
        self.services.actions.delete(self.owner, self.some())

    def submit(self) -> None:
        """Submit another job that takes outputs of two of them."""
        self.job_ids.append(_submit(self.services, self.owner, self.random.sample(self.job_ids, 2)))

    def overdue(self) -> None:
        """Cancel the jobs whose deadline has passed: all of them."""
        with self.services.database.write() as connection:
            chosen = update(jobs).where(jobs.c.id == self.random.choice(self.job_ids))
            connection.execute(chosen.values(deadline=dates.now() - timedelta(seconds=1)))
        self.services.attempts.cancel_overdue()

    def expire(self) -> None:
        """Expire one of them, and what has ended."""
        with self.services.database.write() as connection:
            chosen = update(jobs).where(jobs.c.id == self.random.choice(self.job_ids))
            connection.execute(chosen.values(expiration_date=dates.now() - timedelta(seconds=1)))
        self.services.jobs.expire()


def _submit(services: JobServices, owner: User, sources: list[str], auto_start: bool = True) -> str:
    inputs = {f"labels{number}": {"job-id": source} for number, source in enumerate(sources)}
    content = json.dumps({"analytic": "voxel51/chain", "inputs": inputs}).encode()
    return services.jobs.submit(owner, content, "chain", auto_start, None)["id"]


def _chain(services: JobServices, owner: User, seed: int) -> Chain:
    chosen = random.Random(seed)
    job_ids = [_submit(services, owner, [])]
    for number in range(5):
        sources = chosen.sample(job_ids, min(len(job_ids), chosen.randint(1, 2)))
        job_ids.append(_submit(services, owner, sources, auto_start=number % 3 != 2))
    [claim] = services.attempts.claim(1)
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    services.reports.report_state(attempt, "RUNNING", None)
    return Chain(services, owner, job_ids, claim, chosen)


@pytest.fixture
def services(tmp_path: Path, postgresql: PostgreSQL):
    with open_job_services(tmp_path, postgresql.database()) as built:
        inputs = [
            {"name": f"labels{n}", "type": "types.VideoLabels", "description": "", "required": False} for n in (0, 1)
        ]
        outputs = [{**DOCUMENT["outputs"][0], "type": "types.VideoLabels"}]
        document = {**DOCUMENT, "inputs": inputs, "outputs": outputs}
        document["info"] = {**DOCUMENT["info"], "name": "chain"}
        built.analytics.install([InstalledAnalytic("voxel51/chain", document, preload_safe=True)])
        yield built


def test_job_submitted_while_the_end_of_its_source_waits_for_a_lock_is_locked_too(services):
    alice = services.accounts.create_user("alice")
    source, other = _submit(services, alice, []), _submit(services, alice, [])
    waiting = [_submit(services, alice, [source]) for _ in range(2)]
    database = services.database

    def found(query: str, *values: str) -> bool:
        """Return whether a query finds a row, on a connection of its own."""
        with closing(database.engine.raw_connection()) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone() is not None

    def is_locked(job_id: str) -> bool:
        return not found("SELECT id FROM jobs WHERE id = %s FOR UPDATE SKIP LOCKED", job_id)

    def waits_for_a_lock() -> bool:
        here = "datname = current_database() AND wait_event_type = 'Lock'"
        return found(f"SELECT pid FROM pg_stat_activity WHERE {here}")

    def end(job_ids: list[str]) -> dict[str, bool]:
        with database.write() as connection:
            lock_with_dependents(connection, job_ids)
            return {job_id: is_locked(job_id) for job_id in [*job_ids, *waiting]}

    with ThreadPoolExecutor(1) as threads:
        for job_ids in ([source], [source, other]):
            with database.write() as submitting:  # on a connection of its own
                lock_sources(submitting, [source])
                ending = threads.submit(end, job_ids)
                wait_until(waits_for_a_lock, "the transaction that ends the source waits for no lock")
                late = f"late-{len(job_ids)}"
                row = submitting.execute(select(jobs).where(jobs.c.id == waiting[0])).mappings().one()
                submitting.execute(insert(jobs).values({**row, "id": late}))
                record_dependencies(submitting, {late: [source]})
                waiting.append(late)
            assert ending.result(timeout=60) == dict.fromkeys([*job_ids, *waiting], True)


@pytest.mark.parametrize("end", [Chain.complete, Chain.fail, Chain.crash, Chain.lose])
def test_jobs_of_a_chain_end_and_are_cancelled_at_the_same_time(services, end):
    alice = services.accounts.create_user("alice")
    refused: list[str] = []

    def attempt_to(act: Callable[[Chain], None], chain: Chain) -> None:
        try:
            act(chain)
        except _OVER:
            pass
        except Unavailable as error:  # as for every deadlock that PostgreSQL breaks
            refused.append(f"{act.__name__}: {error.__cause__}")

    others = [Chain.kill, Chain.kill, Chain.delete, Chain.submit, Chain.overdue, Chain.expire]
    with ThreadPoolExecutor(4) as threads:
        for seed in range(ROUNDS):
            chain = _chain(services, alice, seed)
            chosen = [end, Chain.kill, *chain.random.sample(others, 2)]
            for done in [threads.submit(attempt_to, act, chain) for act in chosen]:
                done.result(timeout=60)
            services.actions.kill_all(alice)

    assert refused == []
