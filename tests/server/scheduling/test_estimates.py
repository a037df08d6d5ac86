"""Models of run times, and the line in which jobs wait."""

import pytest

from voxel51.server.scheduling.durations import DurationModel, RunSample, fit, remaining_seconds
from voxel51.server.scheduling.line import ActiveJob, WaitingJob, start_seconds
from voxel51.server.scheduling.predictions import _selected_seconds


def test_model_separates_startup_and_speed():
    samples = [RunSample(3 + 0.5 * media, media) for media in (10, 20, 40, 80)]
    samples.append(RunSample(500, 30))  # ran beside many others

    model = fit(samples)

    assert model.predict(60) == pytest.approx(33, rel=0.02)


def test_jobs_of_one_length_give_a_speed_and_jobs_without_length_a_typical_time():
    assert fit([RunSample(10, 20), RunSample(12, 20), RunSample(11, 20)]).predict(40) == pytest.approx(22)
    assert fit([RunSample(10, None), RunSample(30, None), RunSample(20, None)]).predict(99) == 20
    assert fit([]) is None


def test_progress_takes_over_from_the_model():
    model = DurationModel(startup_seconds=0, per_second=1, typical_seconds=100)
    assert remaining_seconds(0, None, model, 200) == 200
    assert remaining_seconds(10, 0.05, model, 100) == pytest.approx(95)  # 5 % of 200 and 95 % of 100, minus 10
    assert remaining_seconds(60, 0.5, model, 100) == pytest.approx(50)  # half of 120 and half of 100, minus 60
    assert remaining_seconds(20, 0.1, model, 100) == pytest.approx(180)  # another kind of job: 200, minus 20
    assert remaining_seconds(20, 0.1, None, None) == pytest.approx(180)
    assert remaining_seconds(500, None, model, 100) == 0
    assert remaining_seconds(5, None, None, None) is None


def test_startup_time_is_not_counted_again_for_the_rest():
    model = DurationModel(startup_seconds=10, per_second=1, typical_seconds=50)

    assert remaining_seconds(20, 0.25, model, 40) == pytest.approx(30)  # 10, and 4 times 10, minus 20


def test_line_fills_slots_in_order():
    waiting = [WaitingJob(name, seconds) for name, seconds in (("a", 10), ("b", 30), ("c", 10), ("d", 10))]

    assert start_seconds(2, [ActiveJob(5)], waiting) == {"a": 0, "b": 5, "c": 10, "d": 20}


def test_line_keeps_limits_of_groups_and_lets_others_pass_held_jobs():
    waiting = [
        WaitingJob("held", 50, held_seconds=100),
        WaitingJob("a", 10, {"alice": 1}),
        WaitingJob("b", 10, {"alice": 1}),
    ]

    assert start_seconds(4, [ActiveJob(7, ["alice"])], waiting) == {"held": 100, "a": 7, "b": 17}


def test_selected_part_of_a_video_counts():
    assert _selected_seconds({}, 60, 30) == 60
    assert _selected_seconds({"start_seconds": 10, "end_seconds": 25}, 60, 30) == 15
    assert _selected_seconds({"first_frame": 31, "last_frame": 90}, 60, 30) == pytest.approx(2)
    assert _selected_seconds({"end_seconds": 100}, 60, None) == 60
    assert _selected_seconds({}, None, None) is None
