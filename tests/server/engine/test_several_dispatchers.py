"""Several dispatchers on one database: jobs of dead ones are run again, and zombies change nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete

from support.job_services import MOST_INTERNAL, MOST_LOST, JobServices, open_job_services, process_description
from support.manual_runner import ManualRunner
from support.postgresql import PostgreSQL
from support.waiting import wait_until
from voxel51.runners import orphan_processes
from voxel51.runners.interface import ExitReason, ProcessIdentity
from voxel51.server.accounts.callers import User
from voxel51.server.database import membership
from voxel51.server.database.membership import Membership
from voxel51.server.database.tables import processes
from voxel51.server.engine import dispatcher as dispatching
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.errors import ServiceError
from voxel51.server.jobs.attempts import AttemptService
from voxel51.server.jobs.fair_share import same_limit
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "_POLL_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(membership, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(membership, "RENEW_SECONDS", 0.1)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the processes of attempts that were killed instead of by the kernel."""
    pids: list[int] = []

    def kill(process: ProcessIdentity) -> bool:
        pids.append(process.pid)
        return True

    monkeypatch.setattr(orphan_processes, "kill", kill)
    return pids


@pytest.fixture
def services(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[JobServices]:
    with open_job_services(tmp_path, postgresql.database()) as own:
        yield own


@pytest.fixture
def alice(services: JobServices) -> User:
    return services.accounts.create_user("alice")


@dataclass
class Node:
    """A process with a dispatcher whose attempts the test ends."""

    process: Membership
    attempts: AttemptService
    dispatcher: Dispatcher
    runner: ManualRunner

    def die(self) -> None:
        """Stop to renew the lease and to dispatch, without settling anything."""
        self.process._closing.set()
        self.dispatcher._closing.set()


@pytest.fixture
def new_node(services: JobServices, tmp_path: Path) -> Iterator[Callable[[str], Node]]:
    with ExitStack() as stack:

        def new(place: str) -> Node:
            process = Membership(services.database, process_description(place=place, start_id=place, storage="1"))
            attempts = AttemptService(
                services.database, services.storage, process, MOST_LOST, services.attempts._grace,
                services.quotas.most_running, same_limit(MOST_INTERNAL),
            )  # fmt: skip
            process.join()
            process.open()
            runner, gate = ManualRunner(), StartGate(tmp_path, 0)
            settings = DispatchSettings(lambda: 1, 1, LIMITS, LIMITS, base_url="http://platform/v1")
            dispatcher = Dispatcher(attempts, services.programs, services.tasks, runner, gate, process, settings)
            dispatcher.open()
            stack.callback(process.close)
            stack.callback(dispatcher.close)
            return Node(process, attempts, dispatcher, runner)

        yield new


def state_of(services: JobServices, alice: User, job_id: str) -> str:
    return str(services.jobs.details(alice, job_id)["state"])


def test_reports_of_a_dead_dispatchers_attempt_count_for_nothing_once_another_has_its_job(
    services: JobServices, alice: User, new_node: Callable[[str], Node], killed: list[int]
) -> None:
    zombie = new_node("there:/a")
    job_id = services.submit(alice)
    wait_until(lambda: zombie.runner.started)
    wait_until(lambda: zombie.attempts.unsettled()[0].process_id is not None)
    old = services.reports.authenticate(zombie.runner.started[0].environment["API_TOKEN"], job_id)
    services.reports.report_state(old, "RUNNING", None)
    zombie.die()

    successor = new_node("here:/b")
    wait_until(lambda: successor.runner.started)

    with pytest.raises(ServiceError):
        services.reports.report_state(old, "COMPLETE", None)
    assert state_of(services, alice, job_id) == "SCHEDULED"
    assert killed, "the process of the old attempt is on this machine"
    successor.runner.end(successor.runner.started[0].attempt_id)
    wait_until(lambda: state_of(services, alice, job_id) == "FAILED")


def test_process_of_an_attempt_on_another_machine_is_left_alone(
    services: JobServices,
    alice: User,
    new_node: Callable[[str], Node],
    killed: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(orphan_processes, "machine", lambda: "another machine")
        zombie = new_node("there:/a")
    services.submit(alice)
    wait_until(lambda: zombie.runner.started)
    wait_until(lambda: zombie.attempts.unsettled()[0].process_id is not None)
    zombie.die()

    successor = new_node("here:/b")

    wait_until(lambda: successor.runner.started)
    assert killed == []


def test_dispatcher_that_was_taken_for_dead_stops_its_attempts_and_claims_again(
    services: JobServices, alice: User, new_node: Callable[[str], Node], killed: list[int]
) -> None:
    node = new_node("here:/a")
    job_id = services.submit(alice)
    wait_until(lambda: node.runner.started)
    first = node.runner.started[0].attempt_id

    with services.database.write() as connection:
        connection.execute(delete(processes).where(processes.c.id == node.process.id))

    wait_until(lambda: len(node.runner.started) == 2)
    assert first not in node.runner.attempts()
    assert node.runner.started[1].environment["JOB_ID"] == job_id
    assert node.dispatcher.slots(internal=False)["used_slots"] == 1


def test_attempts_of_another_living_dispatcher_are_left_alone(
    services: JobServices, alice: User, new_node: Callable[[str], Node], killed: list[int]
) -> None:
    first, second = new_node("here:/a"), new_node("there:/b")
    for _ in range(3):
        services.submit(alice)
    wait_until(lambda: first.runner.started and second.runner.started)

    for node in (first, second):
        node.dispatcher.watch_soon()
    services.act("kill", alice, services.submit(alice))

    wait_until(lambda: not first.dispatcher._departed.is_set() and not second.dispatcher._departed.is_set())
    assert (len(first.runner.started), len(second.runner.started), killed) == (1, 1, [])
    first.runner.end(first.runner.started[0].attempt_id, ExitReason.CRASHED)
    wait_until(lambda: len(first.runner.started) == 2)
