from itertools import islice

import pytest

from voxel51.wire.backoff import Backoff


def test_pauses_double_up_to_the_limit() -> None:
    assert list(islice(Backoff(0.5, 3), 5)) == [0.5, 1, 2, 3, 3]


def test_the_growth_can_be_chosen() -> None:
    assert list(islice(Backoff(1, 10, growth=3), 4)) == [1, 3, 9, 10]


@pytest.mark.parametrize("attempt", [0, 1, 10])
def test_jitter_shortens_a_pause_by_at_most_its_part(attempt: int) -> None:
    whole = Backoff(1, 8).seconds(attempt)
    pauses = [Backoff(1, 8, jitter=0.25).seconds(attempt) for _ in range(100)]

    assert all(0.75 * whole <= pause <= whole for pause in pauses)
    assert len(set(pauses)) > 1


def test_a_huge_number_of_attempts_gives_the_longest_pause() -> None:
    assert Backoff(0.1, 5).seconds(100_000) == 5
