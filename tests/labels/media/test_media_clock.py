import pytest

from voxel51.labels.media.media_clock import MediaClock


def times(*raw_ms: int | None, longest_gap: float = 10.0) -> tuple[list[int], MediaClock]:
    """The continuous times of frames of 40 ms with these timestamps, in milliseconds."""
    clock = MediaClock(0.04, longest_gap=longest_gap)
    shown = [clock.tick(None if time is None else time / 1000, 0.0) for time in raw_ms]
    return [round(time * 1000) for time in shown], clock


@pytest.mark.parametrize(
    ("raw", "expected", "breaks"),
    [
        ((0, 40, 80, 0, 40, 80), [0, 40, 80, 120, 160, 200], 1),
        ((0, 40, 3_600_000, 3_600_040), [0, 40, 80, 120], 1),
        ((0, 40, 5_000, 5_040), [0, 40, 5_000, 5_040], 0),
        ((-500, -460, -420), [0, 40, 80], 0),
        ((0, 40, 40, 80, 120), [0, 40, 60, 80, 120], 0),
        ((0, 40, 30, 80, 120), [0, 40, 60, 80, 120], 0),
        ((400, 440, 480, 5, 560, 600), [400, 440, 480, 520, 560, 600], 1),
        ((0, 40, 9_999_999, 120, 160), [0, 40, 80, 120, 160], 1),
        ((0, 40, None, 120), [0, 40, 80, 120], 0),
        ((0, 40, 80, 0, 40, 80, 0, 40), [0, 40, 80, 120, 160, 200, 240, 280], 2),
    ],
    ids=["restart", "leap", "gap", "negative", "repeated", "step back", "one too early", "one too late", "missing",
         "two restarts"],
)  # fmt: skip
def test_times_are_continuous(raw: tuple[int | None, ...], expected: list[int], breaks: int) -> None:
    shown, clock = times(*raw)

    assert shown == expected
    assert clock.break_count == breaks


def test_a_frame_may_be_shown_for_hours_where_the_format_allows_it() -> None:
    assert times(0, 40, 3_600_000, longest_gap=1e6)[0] == [0, 40, 3_600_000]


def test_the_rate_ignores_interruptions_of_a_constant_rate() -> None:
    _, clock = times(*range(0, 2_000, 40), *range(7_000, 9_000, 40))

    assert clock.rate == pytest.approx(25.0)


def test_the_rate_of_a_variable_rate_is_the_mean() -> None:
    _, clock = times(0, 40, 80, 200, 210, 220, 500, 960)

    assert clock.rate == pytest.approx(8.0)


def test_rounded_timestamps_give_the_exact_rate() -> None:
    _, clock = times(*(round(number * 1000 / 30) for number in range(300)), 20_000)

    assert clock.rate == pytest.approx(30.0, abs=0.01)
