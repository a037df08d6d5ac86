"""How tests share a run between processes of pytest-xdist, and how one that measures time has the run to itself."""

import fcntl
import os

import pytest

from support.documentation_pages import ROOT

WORKERS_OF_A_PROCESSOR = 2
"""More than one, since tests mostly wait: for jobs, for servers, for time to pass."""
MOST_WORKERS = 8
"""Each starts a platform and a PostgreSQL server of its own; more of them would spend their time on that."""

_FOLDER = ROOT / ".cache" / "turns"


class Turns:
    """Whose turn it is: that of any number of tests, or of one that is marked ``alone``.

    Two locked files say so to all processes. Whoever comes passes the door and waits in the room; who would be alone
    there keeps the door shut behind it, so that nobody overtakes it.
    """

    def __init__(self) -> None:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        self._door = (_FOLDER / "door").open("w")
        self._room = (_FOLDER / "room").open("w")
        self._is_ours = False

    def take(self, *, alone: bool) -> None:
        """Wait for the turn. Does nothing where the test before kept it."""
        if self._is_ours:
            return
        fcntl.flock(self._door, fcntl.LOCK_EX)
        fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._door, fcntl.LOCK_UN)
        self._is_ours = True

    def give_back(self) -> None:
        """Let others have it."""
        fcntl.flock(self._room, fcntl.LOCK_UN)
        self._is_ours = False


_TURNS = Turns() if "PYTEST_XDIST_WORKER" in os.environ else None


def _is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> object:
    """Have the test wait for its turn, before its time begins to count. Those that are alone come one after another."""
    if _TURNS is None:
        return (yield)
    _TURNS.take(alone=_is_alone(item))
    try:
        return (yield)
    finally:
        if not (_is_alone(item) and _is_alone(nextitem)):
            _TURNS.give_back()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that are alone first, so that the others wait for them once."""
    items.sort(key=lambda item: not _is_alone(item))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What ``-n auto`` means: no other process where somebody picks tests by name or looks at what they print."""
    if config.option.keyword or config.option.capture == "no" or any("::" in each for each in config.args):
        return 0
    return min(WORKERS_OF_A_PROCESSOR * _processors(), MOST_WORKERS)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
