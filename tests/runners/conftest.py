"""Fixtures of tests on runners."""

from collections.abc import Iterator

import pytest

from samples.platform import JobPlatform


@pytest.fixture
def platform() -> Iterator[JobPlatform]:
    """The platform that the attempts of a test report to."""
    platform = JobPlatform()
    yield platform
    platform.close()
