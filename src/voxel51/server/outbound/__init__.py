"""Requests that the platform sends to other people's hosts, and to none that it should not reach."""
