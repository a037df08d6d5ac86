"""Membership in a Ray cluster: a worker whose head does not answer logs that, and has not joined if it is stopped."""

import threading
from pathlib import Path

import pytest

from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.runners.ray import membership
from voxel51.runners.ray.membership import Member, Membership, NoAnswer

pytest.importorskip("ray")


def test_worker_that_is_stopped_before_its_head_answers_has_not_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Member] = []

    def no_answer(member: Member) -> None:
        asked.append(member)
        raise NoAnswer(f"no head of a Ray cluster answers at {member.address}")

    monkeypatch.setattr(membership, "check_versions", no_answer)
    accepted: list[str] = []
    own = Membership(Member("10.0.0.1:6379", "token", tmp_path))
    thread = threading.Thread(target=own.run, args=(lambda: accepted.append("accepted"),))
    thread.start()
    wait_until(lambda: len(asked) > 1)

    own.stop()

    thread.join(LIMIT_SECONDS)
    assert not thread.is_alive()
    assert not accepted
    logged = [record.getMessage() for record in caplog.records if "10.0.0.1:6379" in record.getMessage()]
    assert logged == ["no head of a Ray cluster answers at 10.0.0.1:6379. Trying again for 120 s"]
