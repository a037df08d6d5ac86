"""Split jobs on long films: the labels of parts are byte-equal with those of the whole.

The films are real clips that are repeated without encoding them again.
"""

from pathlib import Path

import pytest

from analytics.splitting.test_equality import check
from footage.repeating import repeated
from support.pedestrians import pedestrian_film
from support.video_samples import footage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def half_hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repeated(pedestrian_film(), tmp_path_factory.mktemp("films") / "half-hour.avi", 23)


@pytest.mark.parametrize(
    ("name", "parameters", "parts"),
    [
        pytest.param("shot-detection", {}, 8, id="shots"),
        pytest.param("object-tracks", {"fps": 0.2}, 7, id="objects"),
    ],
)
def test_labels_of_parts_of_half_an_hour_are_those_of_the_whole(
    name: str, parameters: dict[str, object], parts: int, half_hour: Path, tmp_path: Path
) -> None:
    check(name, half_hour, parameters, parts, tmp_path)


@pytest.mark.parametrize(
    ("name", "parameters", "parts"),
    [
        pytest.param("object-tracks", {}, 4, id="objects"),
        pytest.param("video-quality", {"framewise": True}, 5, id="quality"),
        pytest.param("text-reading", {"fps": 0.5}, 3, id="text"),
        pytest.param("face-detection", {"fps": 1}, 6, id="faces"),
    ],
)
def test_labels_of_parts_of_a_crowded_film_are_those_of_the_whole(
    name: str, parameters: dict[str, object], parts: int, tmp_path: Path
) -> None:
    check(name, pedestrian_film(), parameters, parts, tmp_path)


def test_objects_of_parts_of_a_film_with_cuts_are_those_of_the_whole(tmp_path: Path) -> None:
    film = repeated(footage("bikes.mp4"), tmp_path / "film.mp4", 8)

    check("object-tracks", film, {}, 5, tmp_path)
