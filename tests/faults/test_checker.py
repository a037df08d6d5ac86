"""The checker of the fault suite finds what is lost, altered, doubled or someone else's."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from support.databases import migrated_sqlite
from support.faults.checker import Checker, FolderStore
from support.faults.traffic import Ledger, Upload
from support.job_services import JobServices, open_job_services
from voxel51.server.jobs.attempts import Settlement

VIDEO = b"video"


class Left:
    """A platform after one upload and one complete job of alice, whose last event was not delivered."""

    def __init__(self, services: JobServices, folder: Path) -> None:
        self.services, self.storage = services, folder / "storage"
        alice = services.accounts.create_user("alice")
        services.accounts.create_user("bob")
        self.data_id = services.add_data(alice, VIDEO)
        request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": self.data_id}}}
        self.job_id = services.jobs.submit(alice, json.dumps(request).encode(), "a job", True, None)["id"]
        claim, attempt = services.claim()
        services.reports.finish(attempt, {"state": "COMPLETE", "output": b"{}"})
        services.attempts.settle(claim.attempt_id, Settlement.ANALYTIC_FAILED, "exited")
        sha256 = hashlib.sha256(VIDEO).hexdigest()
        self.ledger = Ledger({self.data_id: Upload("alice", sha256, len(VIDEO))}, {("alice", sha256)})
        self.ledger.jobs[self.job_id], self.ledger.ends[self.job_id] = "alice", 1
        self.checker = Checker(f"sqlite:///{folder / 'platform.sqlite'}", FolderStore(self.storage))

    def problems(self) -> list[str]:
        return self.checker.problems(self.ledger, [])

    def change(self, statement: str) -> None:
        with self.services.database.write() as connection:
            connection.execute(text(statement))

    def file(self, folder: str) -> Path:
        [found] = [path for path in (self.storage / folder).rglob("*") if path.is_file()]
        return found


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    with open_job_services(tmp_path, migrated_sqlite(tmp_path / "platform.sqlite")) as services:
        made = Left(services, tmp_path)
        yield made
        made.checker.close()


def test_faults_are_told_apart_from_a_platform_that_lost_nothing(left: Left) -> None:
    assert left.problems() == [f"the last event of job {left.job_id} was not delivered"]
    assert left.checker.orphans() == set()
    assert left.checker.pending().keys() == {"events"}


def test_lost_and_altered_files_are_found(left: Left) -> None:
    left.file("outputs").write_bytes(b"[]")
    left.file("data").write_bytes(b"other")
    assert {f"accepted data {left.data_id} was altered", f"the output of job {left.job_id} is altered"} < {
        *left.problems()
    }

    left.file("outputs").unlink()
    left.file("data").unlink()
    assert {f"accepted data {left.data_id} has no file", f"the output of job {left.job_id} is missing"} < {
        *left.problems()
    }


def test_files_without_a_record_are_found(left: Left) -> None:
    (left.file("data").parent / "stray").write_bytes(b"")

    assert len(left.checker.orphans()) == 1


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE jobs SET state = 'RUNNING'", "job {job} is RUNNING"),
        ("UPDATE jobs SET state = 'FAILED', failure_type = 'PLATFORM'", "job {job} is FAILED with 1 outputs"),
        ("UPDATE jobs SET state = 'FAILED', failure_type = 'ANALYTIC'", "job {job} was blamed on ANALYTIC: None"),
        ("UPDATE attempts SET output_key = NULL", "job {job} is COMPLETE with 0 outputs"),
        ("DELETE FROM events WHERE name = 'job_complete'", "job {job} has 0 last events"),
        (
            (
                "INSERT INTO events (owner_id, job_id, name, date, document)"
                " SELECT owner_id, job_id, name, date, document FROM events WHERE name = 'job_complete'"
            ),
            "job {job} has 2 last events",
        ),
        (
            "UPDATE data SET owner_id = (SELECT id FROM users WHERE name = 'bob')",
            "data {data} of alice belongs to bob",
        ),
        (
            "UPDATE jobs SET owner_id = (SELECT id FROM users WHERE name = 'bob')",
            "job {job} of alice belongs to bob",
        ),
    ],
)
def test_records_that_are_wrong_are_found(left: Left, statement: str, problem: str) -> None:
    left.change(statement)

    assert problem.format(job=left.job_id, data=left.data_id) in left.problems()
