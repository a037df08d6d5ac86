"""Platforms whose files are in a bucket, and whose clients reach the store through a proxy that tests can cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from obstore.store import S3Store

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.cutting_proxy import CuttingProxy
from support.platforms import new_platform, running
from support.s3 import S3Server

_CUT_WITHIN_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StorePlatform:
    """A running platform.

    Attributes:
        platform: its process.
        user: one of its users.
        store: the proxy by which clients reach the store. The platform itself does not use it.
        bucket: its files.
    """

    platform: PlatformProcess
    user: User
    store: CuttingProxy
    bucket: S3Store


@contextmanager
def store_platform(s3: S3Server, folder: Path, **settings: str) -> Iterator[StorePlatform]:
    """Run a platform inside the block. This process gets the keys of the store too: it creates accounts."""
    location = s3.location()
    with (
        pytest.MonkeyPatch.context() as patch,
        CuttingProxy(s3.endpoint, seed=7, most_bytes=_CUT_WITHIN_BYTES, most_cuts=0) as proxy,
    ):
        for name, text in s3.environment.items():
            patch.setenv(name, text)
        environment = {
            "VOXEL51_SERVER_STORAGE_URL": location,
            "VOXEL51_SERVER_STORAGE_ENDPOINT": s3.endpoint,
            "VOXEL51_SERVER_STORAGE_PUBLIC_ENDPOINT": proxy.url,
            **s3.environment,
            **settings,
        }
        with running(new_platform(folder / "platform", environment=environment)) as platform:
            yield StorePlatform(platform, User.create(platform, folder), proxy, s3.bucket(location))
