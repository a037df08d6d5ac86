"""Review of labels: numbering of tracks, every kind of edit, refusals, undo, and ground truth."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.review import InvalidEdit, apply_edits, numbered, review_truth
from voxel51.labels.video_base import VideoLabelsBase
from voxel51.wire.reviews import MAX_EDITS, Edit

BOX = BoundingBox(0.1, 0.2, 0.3, 0.4)
DRAWN = [0.5, 0.5, 0.75, 0.875]

Seen = Mapping[int, Sequence[tuple[str | None, int | None]]]


def labels_of(seen: Seen) -> VideoLabelsBase:
    """Return labels with objects, which are pairs of a label and an index, by frame."""
    labels = VideoLabelsBase(filename="a.mp4")
    for number, objects in seen.items():
        for label, index in objects:
            box = DetectedObject(label=label, index=index, bounding_box=BOX, confidence=0.5)
            labels.frame(number).objects.append(box)
    return labels


def shown(labels: VideoLabelsBase) -> dict[int, list[tuple[str | None, int | None, bool]]]:
    """Return label, number and whether accepted of each object, by frame with objects."""
    return {
        number: [(box.label, box.index, box.tags == ["accepted"]) for box in frame.objects]
        for number, frame in labels.frames.items()
        if frame.objects
    }


SCENE: Seen = {1: [("car", 1), ("dog", 2)], 2: [("car", 1), ("dog", 2)], 3: [("car", 1)], 5: [("car", 4)]}


def reviewed(*edits: Edit) -> dict[int, list[tuple[str | None, int | None, bool]]]:
    return shown(apply_edits(labels_of(SCENE), edits).labels)


def test_tracks_keep_their_numbers_and_other_objects_get_free_ones() -> None:
    labels = labels_of({1: [("car", 1), ("dog", 1), ("car", None)], 2: [("dog", 1), ("car", 1), ("car", 1), (None, 7)]})

    first, second = shown(numbered(labels)).values()

    assert first == [("car", 1, False), ("dog", 8, False), ("car", 9, False)]
    assert second == [("dog", 8, False), ("car", 1, False), ("car", 10, False), (None, 7, False)]


def test_tracks_with_frames_of_their_own_become_objects_of_the_frames() -> None:
    track = VideoObject(label="car", index=3, confidence=0.9)
    track.frames[2] = DetectedObject(bounding_box=BOX, mask="bWFzaw==", frame_number=2)
    labels = VideoLabelsBase(objects=[track])

    box = numbered(labels).frames[2].objects[0]

    assert (box.label, box.index, box.confidence, box.mask) == ("car", 3, 0.9, "bWFzaw==")
    assert labels.objects == [track]
    assert not labels.frames


def test_accepted_tracks_are_marked_and_rejected_ones_left_out() -> None:
    result = apply_edits(labels_of(SCENE), [{"edit": "accept", "tracks": [1]}, {"edit": "reject", "tracks": [2]}])

    assert shown(result.labels) == {
        1: [("car", 1, True)], 2: [("car", 1, True)], 3: [("car", 1, True)], 5: [("car", 4, False)]
    }  # fmt: skip
    assert (result.accepted, result.undecided, result.changes) == (1, 1, {"accept": 1, "reject": 1})


def test_a_rejected_track_can_be_accepted_later_and_an_accepted_one_rejected() -> None:
    kept = reviewed({"edit": "reject", "tracks": [2, 4]}, {"edit": "accept", "tracks": [2]})

    assert kept[1] == [("car", 1, False), ("dog", 2, True)]
    assert 5 not in kept
    assert 5 not in reviewed({"edit": "accept", "tracks": [4]}, {"edit": "reject", "tracks": [4]})


def test_a_track_gets_another_label_in_all_frames() -> None:
    renamed = reviewed({"edit": "rename", "tracks": [1], "label": "truck"})

    assert [renamed[number][0] for number in (1, 2, 3)] == [("truck", 1, False)] * 3


def test_merged_tracks_have_the_number_and_label_of_the_one_that_stays() -> None:
    merged = reviewed({"edit": "merge", "tracks": [2, 4], "into": 1})

    assert merged == {number: [("car", 1, False)] for number in (1, 2, 3, 5)}


def test_in_frames_that_both_have_the_box_of_the_track_that_stays_is_kept() -> None:
    labels = labels_of({1: [("car", 1), ("car", 2)]})
    labels.frames[1].objects[0].confidence = 0.75

    merged = apply_edits(labels, [{"edit": "merge", "tracks": [2, 1], "into": 1}]).labels

    assert [box.confidence for box in merged.frames[1].objects] == [0.75]


def test_a_split_gives_the_later_boxes_a_new_number() -> None:
    split = reviewed({"edit": "accept", "tracks": [1]}, {"edit": "split", "track": 1, "frame": 2, "new_track": 9})

    assert [split[number][0] for number in (1, 2, 3)] == [("car", 1, True), ("car", 9, True), ("car", 9, True)]


def test_a_drawn_box_replaces_that_of_its_track_or_begins_an_accepted_one() -> None:
    result = apply_edits(
        labels_of(SCENE),
        [
            {"edit": "draw", "track": 1, "frame": 2, "box": DRAWN},
            {"edit": "draw", "track": 6, "frame": 4, "box": DRAWN, "label": "cat"},
        ],
    ).labels

    assert shown(result)[2] == [("dog", 2, False), ("car", 1, False)]
    assert shown(result)[4] == [("cat", 6, True)]
    drawn = result.frames[2].objects[1]
    assert (drawn.bounding_box, drawn.confidence) == (BoundingBox(0.5, 0.5, 0.75, 0.875), None)


def test_an_erased_box_is_gone_and_a_track_without_boxes_too() -> None:
    erased = reviewed({"edit": "erase", "track": 1, "frame": 2}, {"edit": "erase", "track": 4, "frame": 5})

    assert erased[2] == [("dog", 2, False)]
    assert 5 not in erased


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"edit": "accept", "tracks": [1, 3]}, "track 3 does not exist"),
        ({"edit": "merge", "tracks": [3], "into": 1}, "track 3 does not exist"),
        ({"edit": "merge", "tracks": [1], "into": 3}, "track 3 does not exist"),
        ({"edit": "split", "track": 1, "frame": 2, "new_track": 2}, "track 2 exists already"),
        ({"edit": "split", "track": 1, "frame": 1, "new_track": 9}, "no box before frame 1"),
        ({"edit": "split", "track": 1, "frame": 4, "new_track": 9}, "no box from frame 4"),
        ({"edit": "draw", "track": 3, "frame": 1, "box": DRAWN}, "add its 'label'"),
        ({"edit": "draw", "track": 1, "frame": 1, "box": DRAWN, "label": "dog"}, "has the label 'car'"),
        ({"edit": "erase", "track": 1, "frame": 4}, "no box in frame 4"),
    ],
)
def test_edits_that_do_not_fit_the_labels_are_refused(edit: Edit, reason: str) -> None:
    with pytest.raises(InvalidEdit, match=r"^edit 2 \(") as refused:
        apply_edits(labels_of(SCENE), [{"edit": "accept", "tracks": [1]}, edit])

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ("accept", "expected an object"),
        ({"edit": "explode", "tracks": [1]}, "'edit' is one of accept, reject"),
        ({"edit": "accept"}, "requires 'tracks'"),
        ({"edit": "accept", "tracks": []}, "'tracks' is a list"),
        ({"edit": "accept", "tracks": [True]}, "'tracks' is a list"),
        ({"edit": "accept", "tracks": [1], "label": "x"}, "has no key 'label'"),
        ({"edit": "rename", "tracks": [1], "label": "a\u202eb"}, "printable characters"),
        ({"edit": "erase", "track": 1, "frame": 0}, "'frame' is a whole number"),
        ({"edit": "draw", "track": 1, "frame": 1, "box": [0.5, 0, 0.5, 1]}, "in this order"),
        ({"edit": "draw", "track": 1, "frame": 1, "box": [0, 0, float("nan"), 1]}, "0 to 1"),
    ],
)
def test_edits_of_another_shape_are_refused(edit: Edit, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^edit 1: ") as refused:
        apply_edits(labels_of(SCENE), [edit])

    assert reason in str(refused.value)


def test_too_many_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000"):
        apply_edits(labels_of(SCENE), [{"edit": "accept", "tracks": [1]}] * (MAX_EDITS + 1))


def test_truth_is_what_was_accepted() -> None:
    accepted = apply_edits(labels_of(SCENE), [{"edit": "accept", "tracks": [1]}]).labels

    truth, undecided = review_truth(accepted)

    assert {index for boxes in shown(truth).values() for _, index, _ in boxes} == {1}
    assert {index for boxes in shown(undecided).values() for _, index, _ in boxes} == {2, 4}


OBJECTS = st.tuples(st.sampled_from(["car", "dog", None]), st.sampled_from([None, 0, 1, 2, 3]))
SCENES = st.dictionaries(st.integers(1, 6), st.lists(OBJECTS, max_size=4), max_size=5)
NUMBERS = st.integers(0, 12)
TRACKS, FRAME = st.lists(NUMBERS, min_size=1, max_size=3), st.integers(1, 6)


def edits_of(*kinds: str, **keys: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({"edit": st.sampled_from(kinds), **keys})


EDITS = st.one_of(
    edits_of("accept", "reject", tracks=TRACKS),
    edits_of("merge", tracks=TRACKS, into=NUMBERS),
    edits_of("rename", tracks=TRACKS, label=st.just("cat")),
    edits_of("split", track=NUMBERS, frame=FRAME, new_track=NUMBERS),
    edits_of("draw", track=NUMBERS, frame=FRAME, box=st.just(DRAWN), label=st.just("car")),
    edits_of("erase", track=NUMBERS, frame=FRAME),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # busy machines are slow
@given(SCENES, st.lists(EDITS, max_size=12))
def test_any_edits_keep_the_rules_of_reviewed_labels(seen: Seen, edits: list[Edit]) -> None:
    labels = labels_of(seen)
    before = json.dumps(labels.to_json())
    done: list[Edit] = []
    for edit in edits:  # those that fit
        try:
            apply_edits(labels, [*done, edit])
        except InvalidEdit:
            continue
        done.append(edit)

    result = apply_edits(labels, done)
    document = result.labels.to_json()

    # The input is unchanged, numbering changes nothing, and the version can be read and reviewed again.
    assert json.dumps(labels.to_json()) == before
    assert numbered(result.labels).to_json() == document
    again = apply_edits(VideoLabelsBase.from_json(json.loads(json.dumps(document))), [])
    assert again.labels.to_json() == document
    assert (again.accepted, again.undecided) == (result.accepted, result.undecided)
    # A track has one label, one state, and one box in a frame.
    kinds: dict[int | None, set[tuple[str | None, bool]]] = {}
    for boxes in shown(result.labels).values():
        assert len({index for _, index, _ in boxes}) == len(boxes)
        for label, index, accepted in boxes:
            kinds.setdefault(index, set()).add((label, accepted))
    assert all(len(kind) == 1 for kind in kinds.values())
    assert len(kinds) == result.accepted + result.undecided
    # Edits in two steps have the same effect as at once, as long as no track is rejected.
    if not any(edit["edit"] == "reject" for edit in done):
        half = len(done) // 2
        first = apply_edits(labels, done[:half]).labels
        assert shown(apply_edits(first, done[half:]).labels) == shown(result.labels)
