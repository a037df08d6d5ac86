"""Quality of object-tracks at its defaults, on real footage with true boxes. Raise the limits when it improves."""

from pathlib import Path

import pytest

from support.in_process_jobs import run_on
from support.pedestrians import pedestrian_film, true_people
from voxel51.analytics.object_tracks import analytic
from voxel51.labels.evaluate import evaluate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_true_boxes_match_their_documentation() -> None:
    known = true_people()

    assert len(known.frames) == 93
    assert sum(len(frame.objects) for frame in known.frames.values()) == 517
    assert len({each.index for frame in known.frames.values() for each in frame.objects}) == 18


def test_detection_and_tracking_reach_the_documented_quality(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, pedestrian_film(), tmp_path, classes=["person"], last_frame=671)

    result = evaluate(labels, true_people())

    person, tracking = result.detection["person"], result.tracking
    assert tracking is not None
    print(
        f"AP50 {person.average_precision:.3f}, precision {person.precision:.3f}, recall {person.recall:.3f}, "
        f"MOTA {tracking.mota:.3f}, IDF1 {tracking.idf1:.3f}, switches {tracking.switch_count}"
    )
    assert person.average_precision is not None
    assert person.average_precision >= 0.85
    assert tracking.mota >= 0.85
    assert tracking.idf1 >= 0.80
