"""Waiting in tests: one time limit for every state that a slow machine may reach late.

A test continues as soon as the state is reached, so the limit only decides how long a broken test takes. It is far
above the time that a loaded machine needs, so that no test fails because others run at the same time.
"""

import time
from collections.abc import Callable

LIMIT_SECONDS = 300.0
"""Limit on waiting for a server to start, a job or a page to finish, a process to end."""
DEADLINE_SLACK_SECONDS = 20.0
"""More than a loaded machine delays a call with a short deadline, and less than a call takes that ignores it."""
LIMIT_MS = LIMIT_SECONDS * 1000
POLL_SECONDS = 0.02


def wait_until(
    is_reached: Callable[[], object], failure: str | Callable[[], str] = "the state was not reached"
) -> None:
    """Return once ``is_reached`` returns a true value; fail with ``failure`` after `LIMIT_SECONDS`."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, failure if isinstance(failure, str) else failure()
        time.sleep(POLL_SECONDS)
