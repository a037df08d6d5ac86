"""Parallel test runs: the number of pytest-xdist processes, and a lock for tests that run alone."""

import fcntl
import os

import pytest

from support.documentation_pages import ROOT

PROCESSES_PER_CPU = 2
"""More than one, since tests mostly wait: for jobs, for servers, for deadlines."""
MAX_PROCESSES = 8
"""Each process starts a platform and a PostgreSQL server; more of them would spend their time on that."""

_FOLDER = ROOT / ".cache" / "test-locks"


class RunLock:
    """A lock between the processes of a run: shared by most tests, exclusive for one that runs alone.

    Two locked files make it fair. Each test locks the gate for the moment in which it waits for the lock proper. A test
    that runs alone keeps the gate locked while it waits, so tests that come later cannot overtake it.
    """

    def __init__(self) -> None:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        self._gate = (_FOLDER / "gate").open("w")
        self._lock = (_FOLDER / "lock").open("w")
        self._is_held = False

    def acquire(self, *, exclusive: bool) -> None:
        """Wait for the lock. Does nothing if it is held."""
        if self._is_held:
            return
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        self._is_held = True

    def release(self) -> None:
        """Release the lock."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._is_held = False


_LOCK = RunLock() if "PYTEST_XDIST_WORKER" in os.environ else None


def _runs_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> object:
    """Hold the lock while the test runs, fixtures included. Its time limit begins once the lock is held."""
    if _LOCK is None:
        return (yield)
    _LOCK.acquire(exclusive=_runs_alone(item))
    try:
        return (yield)
    finally:
        # Kept from one test that runs alone to the next, so that the other processes stop once for all of them.
        if not (_runs_alone(item) and _runs_alone(nextitem)):
            _LOCK.release()


def put_exclusive_tests_first(items: list[pytest.Item]) -> None:
    """Sort the tests that run alone to the front, where no other test has begun."""
    items.sort(key=lambda item: not _runs_alone(item))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of processes for ``-n auto``: none if tests are selected by name or their output is shown."""
    if config.option.keyword or config.option.capture == "no" or any("::" in each for each in config.args):
        return 0
    return min(PROCESSES_PER_CPU * _usable_cpus(), MAX_PROCESSES)


def _usable_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
