"""Fixtures: the services behind jobs and a user, on SQLite and PostgreSQL."""

from support.job_fixtures import alice, services  # noqa: F401  (pytest finds them here)
