"""Fault suite: whatever is killed, cut off or full, nothing accepted is lost, and every job ends exactly once.

Slow: ``make faults``. The seed is printed; ``SEED=n make faults`` repeats the kinds, times and order of the faults and
the steps of each client. Which process of a job is hit also depends on how fast the machine is. ``JOBS``, ``FAULTS``
and ``OUTAGE_SECONDS`` (the longest outage) make longer runs.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from support.accounts import User
from support.faults.checker import Checker
from support.faults.targets import Target, local_target, ray_target, shared_target
from support.faults.traffic import END_EVENTS, Client, Ledger, traffic
from support.loopback_server import Loopback
from support.waiting import LIMIT_SECONDS, wait_until

JOBS = int(os.environ.get("JOBS", "30"))
FAULTS = int(os.environ.get("FAULTS", "8"))
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "2"))
USERS = 3
SETTLE_SECONDS = LIMIT_SECONDS + JOBS / 5
"""Time limit for the rest of the jobs once the faults are over."""

pytestmark = pytest.mark.slow


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
    print(f"\nSEED={seed} JOBS={JOBS} FAULTS={FAULTS} OUTAGE_SECONDS={OUTAGE_SECONDS:g}", flush=True)
    return seed


@pytest.fixture
def receiver() -> Iterator[Loopback]:
    """The receiver of all webhooks."""
    own = Loopback()
    yield own
    own.close()


def test_on_sqlite_and_a_disk(seed: int, receiver: Loopback, tmp_path: Path) -> None:
    with local_target(seed, OUTAGE_SECONDS, tmp_path, size_mib=128 + JOBS // 4) as target:
        suffer(target, seed, receiver, tmp_path)


def test_on_postgresql_and_s3(seed: int, receiver: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared_target(seed, OUTAGE_SECONDS, tmp_path, monkeypatch.setenv) as target:
        suffer(target, seed, receiver, tmp_path)


def test_on_postgresql_s3_and_ray(
    seed: int, receiver: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ray_target(seed, OUTAGE_SECONDS, tmp_path, monkeypatch.setenv) as target:
        suffer(target, seed, receiver, tmp_path)


def suffer(target: Target, seed: int, receiver: Loopback, folder: Path) -> None:
    """Let clients work during the faults, and check afterwards what is left."""
    users = [User.create(target.first, folder) for _ in range(USERS)]
    for user in users:
        document = {"url": f"{receiver.url}/{user.name}", "events": sorted(END_EVENTS)}
        made = requests.post(f"{user.v1}/webhooks", json=document, headers=user.headers, timeout=LIMIT_SECONDS)
        assert made.status_code == 201, made.text
    ledger = Ledger()
    with traffic(f"{target.proxy.url}/v1", users, ledger, seed, JOBS) as clients:
        while target.done.total() < FAULTS or not all(client.has_submitted.is_set() for client in clients):
            target.strike()
    print(f"faults {dict(target.done)}, missed {dict(target.missed)}\nanswers {dict(ledger.statuses)}", flush=True)
    checker = target.checker()
    wait_for_the_rest(checker, ledger, clients)
    messages: list[dict[str, Any]] = [request.json for request in receiver.requests]
    problems = checker.problems(ledger, messages)
    print(f"{len(ledger.jobs)} jobs, {len(ledger.uploads)} uploads accepted; ended {checker.summary()}", flush=True)
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:20])
    assert len(ledger.jobs) == JOBS
    assert not target.never_hit()
    target.stop()
    with target.sweeping():
        wait_until(lambda: not checker.orphans(), lambda: f"files without a record: {checker.orphans()}")
    missing = checker.problems(ledger, messages)
    checker.close()
    assert not missing, f"the sweeper deleted too much: {missing[:20]}"


def wait_for_the_rest(checker: Checker, ledger: Ledger, clients: list[Client]) -> None:
    """Wait until every job has ended, and every client and receiver was told so."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := checker.pending():
        assert time.monotonic() < deadline, f"not ended although there are no faults any more: {left}"
        time.sleep(0.2)
    wait_until(
        lambda: not set(ledger.jobs) - set(ledger.ends), lambda: f"not told: {set(ledger.jobs) - set(ledger.ends)}"
    )
    for client in clients:
        client.close()
