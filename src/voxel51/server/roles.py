"""Roles of processes: which part of the platform one start of ``voxel51 server start`` runs."""

from enum import StrEnum


class Role(StrEnum):
    """Role of a process, or of all processes of one start."""

    ALL = "all"
    API = "api"
    DISPATCHER = "dispatcher"

    @property
    def serves_requests(self) -> bool:
        """Whether the process serves requests of users and jobs."""
        return self is not Role.DISPATCHER

    @property
    def runs_jobs(self) -> bool:
        """Whether the process runs jobs, and the background work of the platform."""
        return self is not Role.API


def check_processes(role: Role, workers: int, database_url: str, job_url: str) -> None:
    """Check that the processes that the settings ask for can work together.

    Raises:
        ValueError: they cannot; the text names the setting.
    """
    if role is Role.DISPATCHER and workers != 1:
        raise ValueError(f"workers is {workers}, but role is dispatcher: workers serve requests. Leave workers out")
    if not database_url and (workers > 1 or role is not Role.ALL):
        asked = f"workers is {workers}" if workers > 1 else f"role is {role}"
        raise ValueError(
            f"{asked}, but with SQLite one process does everything. Set database_url to a PostgreSQL database, or "
            "leave workers and role out"
        )
    if role is Role.DISPATCHER and not job_url:
        raise ValueError(
            "role is dispatcher, which serves no requests: set job_url to the URL at which jobs reach the processes "
            "with the role api"
        )
