"""Telling other people's programs what becomes of jobs."""
