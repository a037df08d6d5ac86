"""Fixtures: the services behind jobs and renditions, on SQLite and PostgreSQL."""

from support.job_fixtures import services  # noqa: F401  (pytest finds them here)
