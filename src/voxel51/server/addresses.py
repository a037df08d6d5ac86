"""Addresses of a platform."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs of the platform: for users, and for the jobs it runs. Neither ends in a slash or a version."""

    public_url: str
    job_url: str
