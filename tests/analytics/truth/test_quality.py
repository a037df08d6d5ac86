"""Quality of object-tracks at its defaults, on real footage with true boxes. Raise the limits when it improves."""

from pathlib import Path

import pytest

from support.in_process_jobs import run_on
from support.pedestrians import pedestrian_film, true_people
from voxel51.analytics.object_tracks import analytic
from voxel51.labels.evaluate import evaluate
from voxel51.labels.video import VideoLabels

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


EASY = {*range(101, 132), *range(411, 442), *range(641, 672)}
CROSSINGS = {*range(17, 64), *range(297, 318), *range(540, 631)}


@pytest.fixture(scope="module", params=[0.5, 0.4])
def people(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, VideoLabels]:
    """A confidence, 0.5 being the default, and the labels of people with it."""
    confidence: float = request.param
    folder = tmp_path_factory.mktemp("people")
    labels, _ = run_on(analytic, pedestrian_film(), folder, classes=["person"], last_frame=671, confidence=confidence)
    return confidence, labels


def test_the_true_boxes_match_their_documentation() -> None:
    for frames, boxes, people in ((EASY, 517, 18), (CROSSINGS, 953, 20)):
        known = true_people(frames)

        assert len(known.frames) == len(frames)
        assert sum(len(frame.objects) for frame in known.frames.values()) == boxes
        assert len({each.index for frame in known.frames.values() for each in frame.objects}) == people


@pytest.mark.parametrize(
    ("passages", "least_mota", "least_idf1"),
    [(EASY, 0.85, 0.80), (CROSSINGS, 0.85, 0.72)],
    ids=["easy", "crossings"],
)
def test_detection_and_tracking_reach_the_documented_quality(
    people: tuple[float, VideoLabels], passages: set[int], least_mota: float, least_idf1: float
) -> None:
    confidence, labels = people

    result = evaluate(labels, true_people(passages))

    person, tracking = result.detection["person"], result.tracking
    assert tracking is not None
    print(
        f"confidence {confidence}: AP50 {person.average_precision:.3f}, precision {person.precision:.3f}, recall "
        f"{person.recall:.3f}, MOTA {tracking.mota:.3f}, IDF1 {tracking.idf1:.3f}, switches {tracking.switch_count}"
    )
    assert person.average_precision is not None
    assert person.average_precision >= 0.85
    assert tracking.mota >= least_mota
    assert tracking.idf1 >= least_idf1


def test_parked_cars_stay_and_stones_go(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, pedestrian_film(), tmp_path, classes=["car", "sheep"], last_frame=400)

    assert {each.label for frame in labels.frames.values() for each in frame.objects} == {"car"}
    assert all(len([*labels.objects_in(number)]) == 2 for number in range(1, 401))
