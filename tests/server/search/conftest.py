"""Services on each type of database."""

from support.job_fixtures import services  # noqa: F401  (pytest finds them here)
