"""Bundle runner: attempts whose source or packages are not on this machine yet, and what goes wrong then."""

import threading
from dataclasses import replace

import pytest

from samples.bundles import bundle
from support.sandboxes import strongest_sandbox
from support.waiting import LIMIT_SECONDS
from voxel51.runners.environments.bundle_runner import BundleRunner, BundleRunnerSettings
from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.programs import PackageProgram
from voxel51.wire.tasks import JobLimits, TaskExit

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)

PLAIN = b"""
from voxel51.platform.definition import Analytic


def process(job):
    print(MESSAGE)


DOCUMENT = {
    "info": {"name": "plain", "version": "1.0.0", "description": ".", "supports_cpu": True, "supports_gpu": False},
    "inputs": [], "parameters": [], "outputs": [], "zip_outputs": False,
}
PLAIN = Analytic(DOCUMENT, process)
"""


def quiet(_line):
    """Drop the output of a build."""


class Bench:
    def __init__(self, folder, store, platform, **settings):
        self.platform = platform
        self.folder = folder
        self.outcomes = {}
        self.changed = threading.Condition()
        self.runner = BundleRunner(folder, store, strongest_sandbox(), BundleRunnerSettings(**settings))
        self.runner.open(self.ended)

    def ended(self, outcome):
        with self.changed:
            assert outcome.attempt_id not in self.outcomes
            self.outcomes[outcome.attempt_id] = outcome
            self.changed.notify_all()

    def start(self, program, attempt_id="attempt1"):
        return self.runner.start(LaunchSpec(attempt_id, program, self.platform.environment, LIMITS))

    def outcome(self, attempt_id="attempt1"):
        with self.changed:
            assert self.changed.wait_for(lambda: attempt_id in self.outcomes, LIMIT_SECONDS)
            return self.outcomes[attempt_id]

    def run(self, program, attempt_id="attempt1"):
        self.start(program, attempt_id)
        return self.outcome(attempt_id)


@pytest.fixture
def bench(tmp_path, store, platform):
    bench = Bench(tmp_path / "bundles", store, platform)
    yield bench
    bench.runner.close()


def plain(platform, message="'a plain bundle'", lock=""):
    return bundle(platform, {"plain.py": PLAIN.replace(b"MESSAGE", message.encode())}, "plain.py", lock)


def locked(store, index, source):
    index.add_wheel("paint", "1.0", {"paint.py": "RED = 'red 1.0'\n"})
    (source / "cars.py").write_text("# /// script\n# dependencies = ['paint']\n# ///\n")
    return store.resolve(source / "cars.py", quiet).lock


def test_source_and_packages_are_fetched_for_the_first_attempt(bench, platform, store, index, source):
    lock = locked(store, index, source)
    program = plain(platform, "__import__('paint').RED", lock)

    process = bench.start(program)
    outcome = bench.outcome()

    assert process.started_at == 0.0  # not started yet
    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.COMPLETE), outcome.log.decode()
    assert b"red 1.0" in outcome.log
    again = bench.start(program, "attempt2")
    assert again.started_at > 0
    assert bench.outcome("attempt2").exit_code == TaskExit.COMPLETE
    assert platform.requests.count(("GET", f"/bundles/{program.source.sha256}")) == 1
    assert index.asked.count("/files/paint-1.0-py3-none-any.whl") <= 3


def test_two_bundles_with_modules_of_the_same_name_do_not_meet(bench, platform):
    first, second = plain(platform, "'the first'"), plain(platform, "'the second'")

    assert b"the first" in bench.run(first).log
    assert b"the second" in bench.run(second, "attempt2").log


def test_another_file_than_promised_is_not_run(bench, platform):
    program = plain(platform)
    name = f"bundles/{program.source.sha256}"
    content = bytearray(platform.files[name][0])
    content[-1] ^= 1
    platform.files[name] = (bytes(content), None)

    outcome = bench.run(program)

    assert outcome.exit_reason is ExitReason.LOST
    assert "sent another file" in outcome.detail
    assert list((bench.folder / "sources").iterdir()) == []


@pytest.mark.parametrize("change", [{"size_bytes": 10}, {"size_bytes": 1 << 20}], ids=["shorter", "longer"])
def test_file_of_another_size_is_not_run(bench, platform, change):
    program = plain(platform)

    outcome = bench.run(replace(program, source=replace(program.source, **change)))

    assert (outcome.exit_reason, bench.runner.attempts()) == (ExitReason.LOST, set())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:9/x"])
def test_source_that_cannot_be_fetched_may_be_fetched_later(bench, platform, url):
    program = plain(platform)

    outcome = bench.run(replace(program, source=replace(program.source, url=url)))

    assert outcome.exit_reason is ExitReason.LOST
    assert "could not be fetched" in outcome.detail
    assert bench.run(program, "attempt2").exit_code == TaskExit.COMPLETE


def test_hostile_archive_fails_the_job(bench, platform):
    outcome = bench.run(bundle(platform, {"../plain.py": PLAIN}, "plain.py"))

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.FAILED)
    assert "cannot be unpacked" in outcome.detail


def test_package_that_has_vanished_fails_the_job(bench, platform, store, index, source):
    program = plain(platform, lock=locked(store, index, source))
    index.files.clear()

    outcome = bench.run(program)

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.FAILED)
    assert "paint" in outcome.detail


def test_attempt_that_is_stopped_during_its_preparation_never_starts(bench, platform, store, index, source):
    program = plain(platform, lock=locked(store, index, source))
    bench.start(program)

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    assert bench.run(program, "attempt2").exit_code == TaskExit.COMPLETE
    assert len(bench.outcomes) == 2
    assert bench.platform.requests.count(("POST", "/v1/jobs/job1/begin")) == 1


def test_closing_ends_preparations(bench, platform, store, index, source):
    bench.start(plain(platform, lock=locked(store, index, source)))

    bench.runner.close()

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    assert bench.runner.attempts() == set()


def test_source_in_use_is_not_removed_for_others(tmp_path, store, platform):
    bench = Bench(tmp_path / "bundles", store, platform, source_quota_bytes=1)
    try:
        slow = plain(platform, "__import__('time').sleep(2) or __import__('os').listdir(__file__.rpartition('/')[0])")
        bench.start(slow)
        platform.wait_for("POST", "/v1/jobs/job1/begin")

        assert bench.run(plain(platform), "attempt2").exit_code == TaskExit.COMPLETE
        assert b"plain.py" in bench.outcome().log
    finally:
        bench.runner.close()


def test_other_kinds_of_programs_are_refused(bench):
    with pytest.raises(OSError, match="not PackageProgram"):
        bench.start(PackageProgram("samples/no-op"))

    assert bench.runner.attempts() == set()
