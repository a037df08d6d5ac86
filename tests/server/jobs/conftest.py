"""Fixtures: the services behind jobs, two users, and a job that runs, on SQLite and PostgreSQL."""

from support.job_fixtures import alice, bob, running, services  # noqa: F401  (pytest finds them here)
