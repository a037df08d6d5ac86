"""Spares: how many children wait for a launch, and when the next one is started."""

import itertools
import math

import pytest

from voxel51.platform import spares
from voxel51.platform.spares import Spares


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(spares, "time", clock)
    return clock


@pytest.fixture
def kept(clock):
    numbers = itertools.count(1)
    return Spares(lambda: next(numbers))


def launch(kept):
    kept.note_launch()
    return kept.take()


def test_one_spare_waits_while_launches_are_rare(kept):
    for _ in range(3):
        kept.keep()

    assert kept.waiting == [1]
    assert kept.due == math.inf


def test_start_of_the_next_spare_does_not_delay_a_short_job(kept, clock):
    kept.keep()

    assert launch(kept) == 1
    kept.keep()
    assert kept.waiting == []

    clock.now = kept.due
    kept.keep()
    assert kept.waiting == [2]


def test_two_spares_wait_while_launches_follow_each_other_closely(kept, clock):
    kept.keep()
    launch(kept)
    clock.now += 0.1
    launch(kept)

    for _ in range(3):
        kept.keep()

    assert kept.waiting == [2, 3]


def test_surplus_spare_is_used_before_another_is_started(kept, clock):
    kept.waiting = [1, 2]
    clock.now += 60
    launch(kept)

    clock.now += 60
    kept.keep()

    assert kept.waiting == [2]


def test_spare_that_cannot_be_started_is_tried_again_after_a_pause(clock):
    def refuse():
        raise OSError("Resource temporarily unavailable")

    kept = Spares(refuse)
    kept.keep()

    assert kept.waiting == []
    assert kept.due == clock.now + 1


def test_hurry_ends_the_pause(kept, clock):
    kept.note_launch()

    kept.hurry()

    assert kept.due == clock.now
