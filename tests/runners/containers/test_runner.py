"""Container runner: the contract of all runners, on images that behave and misbehave, by Podman and by Docker."""

import gzip
import hashlib
import json
from dataclasses import replace

import pytest

from runners.containers.conftest import Bench, MakeBench, stored
from support.file_host import FileHost, file_host
from support.waiting import wait_until
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.runner import OWNER_LABEL
from voxel51.runners.interface import LOG_TAIL_BYTES, ExitReason
from voxel51.wire.tasks import ENVIRONMENT_VARIABLES, JOB_ID, TaskExit

pytestmark = pytest.mark.slow


def containers_of(engine: ContainerEngine, bench: Bench) -> int:
    """Return how many containers of attempts the engine has, running or not."""
    return len(engine.containers(f"{OWNER_LABEL}={bench.runner._owner}")) - len(bench.runner._networks._all)


def surroundings(bench: Bench) -> dict:
    log = bench.run("surroundings").log.decode()
    return json.loads(log.partition("SURROUNDINGS ")[2].partition("\n")[0])


def test_image_that_works_as_an_old_one_reaches_the_platform(bench):
    bench.platform.files["task"] = (b"{}", None)

    outcome = bench.run("complete")

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, 0), outcome.log.decode()
    assert bench.platform.stored["state"] == [b'{"state": "RUNNING"}', b'{"state": "COMPLETE"}']
    assert bench.platform.stored["output"] == [b"{}\n"]


@pytest.mark.parametrize(
    ("name", "limits", "ending", "exit_code"),
    [
        pytest.param("exit-3", {}, ExitReason.EXITED, 3, id="exit"),
        pytest.param("exit-71", {}, ExitReason.EXITED, TaskExit.FAILED, id="claims-that-it-did-not-start"),
        pytest.param("segfault", {}, ExitReason.CRASHED, None, id="segmentation-fault"),
        pytest.param("burn", {"cpu_seconds": 1}, ExitReason.OVER_TIME, None, id="cpu-time"),
        pytest.param("sleep", {"wall_seconds": 1.0}, ExitReason.OVER_TIME, None, id="wall-time"),
        pytest.param("eat-memory", {"memory_bytes": 100 << 20}, ExitReason.OVER_MEMORY, None, id="memory"),
    ],
)
def test_outcome_has_the_exit_reason(bench, name, limits, ending, exit_code):
    outcome = bench.run(name, **limits)

    assert (outcome.exit_reason, outcome.exit_code) == (ending, exit_code), (outcome.detail, outcome.log.decode())
    assert outcome.detail


def test_stopped_attempt_is_reported_with_the_log_that_its_image_wrote(bench):
    bench.start("log-and-sleep")
    wait_until(lambda: any(attempt.container for attempt in bench.runner._attempts.values()))
    wait_until(lambda: b"prints" in _printed(bench))

    bench.runner.stop("attempt1")

    outcome = bench.outcome()
    assert outcome.exit_reason is ExitReason.STOPPED
    assert b"echo" not in outcome.log
    assert b"what the image logs\n--- printed ---\nwhat it prints\n" in outcome.log


def test_image_that_ignores_signals_is_stopped(bench, engine):
    bench.start("sleep")
    wait_until(lambda: b"begin" in _printed(bench))

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    wait_until(lambda: containers_of(engine, bench) == 0)


def _printed(bench: Bench) -> bytes:
    containers = [attempt.container for attempt in bench.runner._attempts.values()]
    return b"".join(bytes(each._printed._tail) for each in containers if each is not None and each._printed)


def test_stopping_an_unknown_attempt_raises_no_error(bench):
    bench.runner.stop("never started")

    assert bench.run("exit-3").exit_reason is ExitReason.EXITED


def test_container_killed_from_outside_is_lost(bench, engine):
    bench.start("sleep")
    wait_until(lambda: b"begin" in _printed(bench))

    engine.kill(bench.runner._attempts["attempt1"].container._id)

    assert bench.outcome().exit_reason is ExitReason.LOST


def test_long_log_keeps_its_end(bench):
    log = bench.run("chatter").log

    assert len(log) == LOG_TAIL_BYTES
    assert log.endswith(b"the last line\n")


def test_container_has_the_five_variables_and_no_privilege(bench):
    seen = surroundings(bench)

    given = {name: seen["environment"][name] for name in ENVIRONMENT_VARIABLES}
    assert given == bench.platform.environment | {JOB_ID: "surroundings"}
    assert {name for name in seen["environment"] if name.startswith(("VOXEL51", "CONTAINERS_"))} == set()
    assert set(seen["capabilities"]) == {"0" * 16}
    assert seen["no_new_privileges"] == "1"
    assert seen["seccomp"] == "2"
    assert seen["sockets"] == []
    assert len(seen["processes"]) <= 3
    assert seen["folder"] == "/engine"


def test_root_is_writable_in_a_layer_of_the_attempt_only(bench):
    first = bench.run("write-to-root")
    bench.start("write-to-root", "attempt2")

    assert b"WROTE" in first.log
    assert b"WROTE" in bench.outcome("attempt2").log
    assert b"cat: /old.txt: No such file" in bench.outcome("attempt2").log


def test_root_is_read_only_where_the_operator_chose_it(make_bench):
    bench = make_bench(read_only_root=True)
    bench.platform.files["task"] = (b"{}", None)

    assert b"WROTE" not in bench.run("write-to-root").log
    bench.start("complete", "attempt2")  # which writes to its working directory and to /tmp
    outcome = bench.outcome("attempt2")
    assert outcome.exit_code == 0, outcome.log.decode()


def test_compressed_image_runs(bench, image_host):
    with file_host(gzip.compress(image_host.content, 1)) as host:
        outcome = bench.run("exit-3", image=stored(host))

    assert outcome.exit_code == 3, outcome.detail


def test_image_is_fetched_once(bench, image_host):
    bench.run("exit-3")
    before = len(image_host.asked)

    bench.start("exit-3", "attempt2")

    assert bench.outcome("attempt2").exit_code == 3
    assert len(image_host.asked) == before


def test_image_that_changed_since_its_upload_does_not_run(bench, image_host: FileHost, engine):
    image = replace(stored(image_host), sha256=hashlib.sha256(b"another").hexdigest())

    outcome = bench.run("exit-3", image=image)

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.FAILED)
    assert "has changed since it was uploaded" in outcome.detail


def test_attempts_run_in_parallel_and_end_once_each(bench):
    ids = [f"attempt{number}" for number in range(4)]
    for attempt_id in ids:
        bench.start("exit-3", attempt_id)

    assert {bench.outcome(attempt_id).exit_code for attempt_id in ids} == {3}
    assert sorted(outcome.attempt_id for outcome in bench.outcomes) == ids


def test_closing_reports_every_attempt_as_stopped(bench, engine):
    for number in range(2):
        bench.start("sleep", f"attempt{number}")
    wait_until(lambda: _printed(bench).count(b"begin") == 2)

    bench.runner.close()

    assert [outcome.exit_reason for outcome in bench.outcomes] == [ExitReason.STOPPED] * 2
    assert engine.containers(f"{OWNER_LABEL}={bench.runner._owner}") == []
    with pytest.raises(OSError, match="closed"):
        bench.start("exit-3")


def test_opening_removes_what_an_earlier_server_left(bench, make_bench: MakeBench, engine):
    bench.start("sleep")
    wait_until(lambda: b"begin" in _printed(bench))
    bench.runner._images.collect_garbage()

    later = make_bench()  # in the same folder

    assert bench.outcome().exit_reason is ExitReason.LOST
    assert later.run("exit-3").exit_code == 3


def test_runner_lists_its_attempts_until_their_outcomes_are_reported(bench):
    bench.start("sleep")
    assert bench.runner.attempts() == {"attempt1"}

    bench.runner.stop("attempt1")

    bench.outcome()
    wait_until(lambda: bench.runner.attempts() == set())
