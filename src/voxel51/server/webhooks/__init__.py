"""Webhooks: signed HTTP requests that tell other programs about events of jobs."""
