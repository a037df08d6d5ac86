"""Launch requests: what the processes around a job need to know of it, and what they call to run it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from voxel51.runners.network_permission import NetworkPermission, PermissionDocument
from voxel51.runners.sandbox.doors import Doors
from voxel51.runners.sandbox.network import JobAddress
from voxel51.wire.tasks import WEIGHTS_FOLDER, JobLimits


class LaunchRequest(TypedDict):
    """Request for one job: all that its processes need to know, written by the runner into a file that only they read.

    The zygote passes on the path of the file and never sees the content: what it holds in memory, every later job
    inherits.

    Attributes:
        entry_point: name of the analytic.
        folder: working directory, home and temporary folder.
        log: standard output and error.
        environment: all variables of the job.
        limits: limits of the job.
        user: user id of the job; None: that of the runner.
        address: URL at which the job reaches the platform; None: it does not.
        module_folders: folders that the job searches for modules, after those of its interpreter.
        readable: files and folders that this job can read, besides those that all jobs of its runner can.
        network: hosts that the job reaches besides; None: none.
        devices: device files that the job can use, besides those that all jobs can.
    """

    entry_point: str
    folder: str
    log: str
    environment: dict[str, str]
    limits: JobLimits
    user: int | None
    address: str | None
    module_folders: list[str]
    readable: list[str]
    network: PermissionDocument | None
    devices: list[str]


Job = Callable[[LaunchRequest], int]
"""Runs a job in the process that calls it; returns the exit code."""


def read_request(path: Path) -> LaunchRequest:
    """Read a request and remove its file, which has the credentials of the job."""
    request: LaunchRequest = json.loads(path.read_bytes())
    path.unlink()
    return request


def address_of(request: LaunchRequest) -> JobAddress | None:
    """Return the address at which the job reaches the platform; None if it does not."""
    return None if request["address"] is None else JobAddress.of(request["address"])


def doors_of(request: LaunchRequest) -> Doors:
    """Return the doors to everything that the job reaches."""
    return Doors(address_of(request), NetworkPermission.from_document(request["network"]))


def paths_of(request: LaunchRequest) -> list[Path]:
    """Return the files and folders that this job alone can read: its own, and those that its environment names."""
    names = (WEIGHTS_FOLDER, "SSL_CERT_FILE", "SSL_CERT_DIR")
    named = [request["environment"][name] for name in names if request["environment"].get(name)]
    return [Path(path) for path in (*named, *request["readable"])]


def devices_of(request: LaunchRequest) -> list[Path]:
    """Return the device files that this job alone can use."""
    return [Path(path) for path in request["devices"]]
