"""Leftover processes: record the processes of a platform, and assert that none outlives it."""

import psutil

from support.waiting import LIMIT_SECONDS


class Family:
    """A process and its descendants at this moment; `look_again` adds those started since."""

    def __init__(self, pid: int) -> None:
        self._members: set[psutil.Process] = set()
        self.look_again(pid)

    def look_again(self, pid: int) -> None:
        """Add the process ``pid`` and its present descendants. A process that has ended is not added."""
        try:
            process = psutil.Process(pid)
            self._members.update([process, *process.children(recursive=True)])
        except psutil.NoSuchProcess:
            return

    def descendants(self, pid: int) -> list[psutil.Process]:
        """Return the running members other than ``pid``, oldest first."""
        running = [member for member in self._members if member.pid != pid and member.is_running()]
        return sorted(running, key=lambda member: (member.create_time(), member.pid))

    def assert_gone(self) -> None:
        """Fail if a member still runs after `LIMIT_SECONDS`; such members are killed first."""
        _, alive = psutil.wait_procs(self._members, timeout=LIMIT_SECONDS)
        left = [describe(process) for process in alive]
        for process in alive:
            process.kill()
        assert not left, f"processes outlived their platform: {left}"


def describe(process: psutil.Process) -> str:
    """Return a line about ``process`` for an assertion."""
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())[:120]}"
    except psutil.NoSuchProcess:
        return f"{process.pid} (ended)"
