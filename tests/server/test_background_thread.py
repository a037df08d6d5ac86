"""Background threads: passes are repeated, also after failures, until the thread is closed."""

import threading

import pytest

from support.waiting import wait_until
from voxel51.server.background_thread import BackgroundThread
from voxel51.server.errors import DatabaseAway, OutOfSpace
from voxel51.wire.backoff import Backoff


class Passes(BackgroundThread):
    """Thread whose first passes raise ``failures``."""

    def __init__(self, *failures: Exception, interval_seconds: float = 3600.0) -> None:
        super().__init__("passes", "counting", interval_seconds, after_failure=Backoff(0.01, 0.01))
        self.failures = list(failures)
        self.woken: list[bool] = []

    def _run_pass(self, *, is_woken: bool) -> None:
        self.woken.append(is_woken)
        if self.failures:
            raise self.failures.pop(0)


def test_passes_run_at_the_start_when_woken_and_after_each_interval():
    woken, timed = Passes(), Passes(interval_seconds=0.01)
    for thread in (woken, timed):
        thread.open()
    wait_until(lambda: len(woken.woken) == 1 and len(timed.woken) > 2)

    woken.wake()
    wait_until(lambda: len(woken.woken) == 2)
    for thread in (woken, timed):
        thread.close()

    assert woken.woken == [True, True]
    assert timed.woken[:3] == [True, False, False]
    assert not any(each.name == "passes" for each in threading.enumerate())


@pytest.mark.parametrize(
    ("failure", "logged"),
    [
        pytest.param(DatabaseAway("it is away"), [], id="logged-by-the-database"),
        pytest.param(OutOfSpace("the disk is full"), ["counting waits 0.01 s"], id="outage"),
        pytest.param(ZeroDivisionError(), ["counting failed; retrying in 0.01 s"], id="defect"),
    ],
)
def test_failed_pass_is_repeated_and_reported(caplog, failure, logged):
    thread = Passes(failure)

    thread.open()
    wait_until(lambda: len(thread.woken) == 2)
    thread.close()

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == logged
