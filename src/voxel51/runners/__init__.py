"""Runners: start the processes of jobs and confine them. ``server``, ``cli`` and ``platform`` import this package."""
