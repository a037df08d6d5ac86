"""Batches of jobs: run an analytic on many videos, a few jobs at a time, and reuse earlier results."""
