"""Fixtures: the services behind jobs and two users, on SQLite and PostgreSQL."""

from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
