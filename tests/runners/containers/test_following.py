"""Following a container: which records of the engine mean that it has ended, and how."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from voxel51.runners.containers import container as container_module
from voxel51.runners.containers.container import Container
from voxel51.runners.containers.engine import EngineRefused
from voxel51.runners.containers.exit_status import classify_exit
from voxel51.runners.containers.policy import ContainerPolicy, ContainerSpec
from voxel51.runners.interface import ExitReason
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=1000, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)
RUNS = {"Running": True, "Status": "running", "ExitCode": 0}
KILLED = {"Running": False, "Status": "exited", "ExitCode": 137}


class Engine:
    """Engine whose records of its container are given; the last one stays. None: the container is gone."""

    def __init__(self, *states: Mapping[str, Any] | None) -> None:
        self._states = list(states)

    def create(self, _image: str, _host: Mapping[str, Any], **_config: Any) -> str:
        return "id"

    def attach(self, _container: str) -> Iterator[bytes]:
        return iter((b"begin\n",))

    def inspect(self, _container: str) -> Mapping[str, Any]:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state is None:
            raise EngineRefused("no such container")
        return {"State": state}

    def make_root_writable(self, _container: str) -> None: ...

    def start(self, _container: str) -> None: ...


def outcome(*states: Mapping[str, Any] | None) -> tuple[ExitReason, int | None]:
    spec = ContainerSpec("image", {}, {}, "none", LIMITS)
    container = Container(Engine(*states), spec, ContainerPolicy())  # type: ignore[arg-type]
    container.start()
    reason, code, _ = classify_exit(container.follow(), LIMITS)
    return reason, code


def test_container_that_exited_has_its_code():
    assert outcome(RUNS, {"Running": False, "Status": "exited", "ExitCode": 3}) == (ExitReason.EXITED, 3)


@pytest.mark.parametrize("status", ["stopping", "removing", "created"])
def test_code_is_read_when_the_engine_knows_it(status):
    """Until then Podman and Docker say 0, which would be a success."""
    unsettled = {"Running": False, "Status": status, "ExitCode": 0}

    assert outcome(RUNS, unsettled, unsettled, KILLED) == (ExitReason.LOST, None)


def test_removed_container_is_not_successful():
    with pytest.raises(OSError, match="no such container"):
        outcome(RUNS, {"Running": False, "Status": "removing", "ExitCode": 0}, None)


def test_container_whose_removal_does_not_end_is_given_up(monkeypatch):
    monkeypatch.setattr(container_module, "ENGINE_WAIT_SECONDS", 0.1)

    with pytest.raises(OSError, match="the engine says that it is removing"):
        outcome(RUNS, {"Running": False, "Status": "removing", "ExitCode": 0})
