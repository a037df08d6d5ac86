"""Kill test: SIGKILL at random moments during many short jobs loses none and ends none twice. Slow: ``make kill-test``.

The seed is printed; ``SEED=n make kill-test`` chooses the same victims and pauses again, ``JOBS=n`` and ``KILLS=n``
another number of either.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.leftover_processes import Family
from support.platforms import NO_OP, PATIENT, new_platform
from support.stored_files import database_path, every_text_in, orphans, stored_keys
from support.waiting import LIMIT_SECONDS

JOBS = int(os.environ.get("JOBS", "200"))
SUBMITTERS = 4
KILLS = int(os.environ.get("KILLS", "40"))
PAUSE_SECONDS = (0.01, 1.5)
VICTIMS = {"server": 4, "zygote": 2, "job": 6}
"""Processes that are killed, with the weight of each."""

SHORT_SECONDS = 0.3

JOB_ATTEMPTS = 50
"""So many that only a job which is lost over and over could run out of them."""

LONG_AGO_SECONDS = 2 * 3600

pytestmark = pytest.mark.slow


class Submitter:
    """Submits jobs from several threads, whatever happens to the platform, and remembers which were accepted."""

    def __init__(self, user: User) -> None:
        self.accepted: list[str] = []
        self._user = user
        self._requests = [
            json.dumps({"analytic": NO_OP, "inputs": {}, "parameters": {}}),
            json.dumps({"analytic": PATIENT, "inputs": {}, "parameters": {"seconds": SHORT_SECONDS}}),
        ]
        self._left = threading.Semaphore(JOBS)

    def run(self, number: int) -> None:
        """Submit until `JOBS` have been accepted by all threads together: no-ops in some, short work in the others."""
        while self._left.acquire(blocking=False):
            while (job_id := self._submit(self._requests[number % 2], f"job of thread {number}")) is None:
                time.sleep(0.05)  # no answer: the platform is restarting
            self.accepted.append(job_id)

    def _submit(self, request: str, name: str) -> str | None:
        files = {"file": ("job.json", request, "application/json")}
        form = {"job_name": name, "auto_start": "True"}
        try:
            answer = requests.post(
                f"{self._user.v1}/jobs", headers=self._user.headers, files=files, data=form, timeout=LIMIT_SECONDS
            )
        except requests.ConnectionError:
            return None
        assert answer.status_code in {201, 503}, answer.text
        return str(answer.json()["job"]["id"]) if answer.status_code == 201 else None


class Killer:
    """Kills processes of the platform at random moments, and restarts the platform if it was the one killed."""

    def __init__(self, platform: PlatformProcess, chance: random.Random) -> None:
        self.killed: Counter[str] = Counter()
        self.family = Family(platform.pid)
        self._platform = platform
        self._chance = chance

    def strike(self) -> None:
        """Pause for a random time, then kill one process; a zygote or job only if one is running."""
        time.sleep(self._chance.uniform(*PAUSE_SECONDS))
        victim = self._chance.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        self.family.look_again(self._platform.pid)
        if victim == "server":
            self._platform.kill()
            self._platform.start()
            self.killed["server"] += 1
            return
        process = self._find(victim)
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.kill()
                self.killed[victim] += 1

    def _find(self, victim: str) -> psutil.Process | None:
        """Find a victim: the zygote is the child of the server, jobs are the children of the zygote."""
        with suppress(psutil.NoSuchProcess):
            zygotes = psutil.Process(self._platform.pid).children()
            if victim == "zygote":
                return self._chance.choice(zygotes) if zygotes else None
            jobs = [child for zygote in zygotes for child in zygote.children(recursive=True)]
            return self._chance.choice(jobs) if jobs else None
        return None


def test_every_accepted_job_ends_exactly_once_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
    print(f"\nSEED={seed}", flush=True)
    environment = {"VOXEL51_SERVER_JOB_ATTEMPTS": str(JOB_ATTEMPTS)}
    platform = new_platform(tmp_path / "data", environment=environment)
    platform.start()
    try:
        user = User.create(platform, tmp_path)
        submitter, killer = Submitter(user), Killer(platform, random.Random(seed))
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            submitting = [pool.submit(submitter.run, number) for number in range(SUBMITTERS)]
            while killer.killed.total() < KILLS or not all(each.done() for each in submitting):
                killer.strike()
            for each in submitting:
                each.result()
        wait_for_the_rest(user)
        print(f"killed {dict(killer.killed)}", flush=True)
        check_every_job(user, submitter.accepted)
        killer.family.look_again(platform.pid)
        assert platform.stop() == 0
        killer.family.assert_gone()
        check_storage(platform)
    finally:
        platform.kill()


def count_unended(user: User) -> int:
    query = {"search": "state:READY|QUEUED|SCHEDULED|RUNNING", "fields": "id", "limit": 1}
    answer = requests.get(f"{user.v1}/jobs", headers=user.headers, json=query, timeout=LIMIT_SECONDS)
    answer.raise_for_status()
    return int(answer.json()["count"])


def wait_for_the_rest(user: User) -> None:
    """Wait without further kills until every job has ended."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while unended := count_unended(user):
        assert time.monotonic() < deadline, f"{unended} jobs did not end although nothing was killed any more"
        time.sleep(0.1)


def check_every_job(user: User, accepted: list[str]) -> None:
    """Check that each accepted job exists once, has ended, and has an output exactly if it is COMPLETE."""
    listed = requests.get(f"{user.v1}/jobs", headers=user.headers, json={}).json()["jobs"]
    states = {job["id"]: job["state"] for job in listed}
    assert len(states) == len(listed), "a job is listed twice"
    assert len(accepted) == len(set(accepted)) == JOBS
    assert set(accepted) <= states.keys(), "an accepted job is lost"
    assert set(states.values()) <= {"COMPLETE", "FAILED"}
    for job_id, state in states.items():
        output = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers)
        assert output.status_code == (200 if state == "COMPLETE" else 400), (job_id, state, output.text)
    print(f"ended {dict(Counter(states.values()))}", flush=True)
    failed = {job["failure_type"] for job in listed if job["state"] == "FAILED"}
    assert failed <= {"PLATFORM"}, "a job failed for what was done to its processes, as if it were its own fault"


def check_storage(platform: PlatformProcess) -> None:
    """Check that files left by the kills are swept once they are old, and no others."""
    for path in (platform.folder / "storage").rglob("*"):
        os.utime(path, (time.time() - LONG_AGO_SECONDS,) * 2)
    platform.start()
    deadline = time.monotonic() + LIMIT_SECONDS
    while left := orphans(platform.folder):
        assert time.monotonic() < deadline, f"stored files that no record speaks of: {left}"
        time.sleep(0.1)
    assert platform.stop() == 0
    known = every_text_in(database_path(platform.folder))
    kept = stored_keys(platform.folder)
    missing = [key for key in known if key.startswith("outputs/") and key not in kept]
    assert missing == [], "records speak of outputs that are not there"
