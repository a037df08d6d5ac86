"""Reviews: corrections of the labels of a job, as lists of edits. Each saved review is a new version of the labels.

Version 0 is the output of the job, with a number for each track. An edit names tracks by these numbers. The edits of
a version are applied to its base version in their order (`voxel51.labels.review`).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NotRequired, TypedDict, cast

MAX_EDITS = 10_000
"""Number of edits of one version."""

MAX_VERSIONS = 1000
"""Number of versions of the labels of one job."""

MAX_NOTE = 1000
MAX_REVIEW_BYTES = 32 * 1024**2
"""Size of the largest labels file that can be reviewed."""

ACCEPTED_TAG = "accepted"
"""Tag of each box of an accepted track."""

_MAX_LABEL = 255
_MAX_NUMBER = 2**31 - 1
_MAX_TRACKS = 1_000_000


class EditKind(StrEnum):
    """Kind of an edit."""

    ACCEPT = "accept"
    REJECT = "reject"
    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    DRAW = "draw"
    ERASE = "erase"


class Edit(TypedDict):
    """One edit of the labels of a video.

    - ``accept``, with ``tracks``: the tracks are correct, and become ground truth.
    - ``reject``, with ``tracks``: the tracks are left out of the version.
    - ``rename``, with ``tracks`` and ``label``: the tracks get another label.
    - ``merge``, with ``tracks`` and ``into``: the boxes of the tracks become boxes of the track ``into``; in frames in
      which both have one, that of ``into`` stays.
    - ``split``, with ``track``, ``frame`` and ``new_track``: the boxes from the frame on become a new track.
    - ``draw``, with ``track``, ``frame`` and ``box``: the track gets this box in the frame, in place of the one that it
      has there. A new track needs a ``label``, and is accepted.
    - ``erase``, with ``track`` and ``frame``: the box of the track in the frame is deleted.

    Attributes:
        edit: one of `EditKind`.
        tracks: numbers of tracks.
        track: number of a track.
        into: number of the track that stays.
        new_track: number that no track has.
        label: name of a class.
        frame: number of a frame, from 1.
        box: left, top, right and bottom in relative coordinates, 0 to 1.
    """

    edit: str
    tracks: NotRequired[list[int]]
    track: NotRequired[int]
    into: NotRequired[int]
    new_track: NotRequired[int]
    label: NotRequired[str]
    frame: NotRequired[int]
    box: NotRequired[list[float]]


class NewReview(TypedDict):
    """Body of ``POST jobs/<id>/reviews``: a new version of the labels.

    Attributes:
        base: version to which the edits are applied; 0 is the output of the job.
        edits: the edits, in their order.
        latest: newest version that the reviewer knows; default: ``base``. If there is a newer one, nothing is saved and
            the answer is 409.
        note: remark of the reviewer.
    """

    base: int
    edits: list[Edit]
    latest: NotRequired[int]
    note: NotRequired[str]


class ReviewRecord(TypedDict):
    """Version of the labels of a job.

    Attributes:
        id: id of the version; evaluations and comparisons name it.
        job_id: id of the job.
        job_name: name of the job.
        analytic: full name of the analytic, and ``analytic_version``.
        version: number of the version, from 1. Numbers are not used again.
        base: version to which the edits were applied.
        reviewer: name of the user who saved it.
        created_at: date at which it was saved.
        note: remark of the reviewer.
        changes: number of edits by kind.
        accepted: number of accepted tracks.
        undecided: number of tracks that are neither accepted nor rejected, in this version or the ones before.
        size_bytes: size of the labels file.
    """

    id: str
    job_id: str
    job_name: str
    analytic: str
    analytic_version: str
    version: int
    base: int
    reviewer: str
    created_at: str
    note: str
    changes: dict[str, int]
    accepted: int
    undecided: int
    size_bytes: int


class ReviewDetails(TypedDict):
    """Response of ``GET jobs/<id>/reviews/<version>``: the record and its edits."""

    review: ReviewRecord
    edits: list[Edit]


class ReviewSaved(TypedDict):
    """Response of ``POST jobs/<id>/reviews``."""

    review: ReviewRecord


class ReviewList(TypedDict):
    """Response of ``GET jobs/<id>/reviews`` and ``GET reviews``, the newest first."""

    reviews: list[ReviewRecord]


class ClassScores(TypedDict):
    """Scores of one class over all reviewed videos.

    Attributes:
        label: name of the class.
        precision: share of the found boxes that are right; null if none was found.
        recall: share of the true boxes that were found; null if the truth has none.
        true_count, found_count, matched_count: number of true boxes, of found boxes, and of those that are right.
        video_count: number of videos with true or found boxes of the class.
    """

    label: str
    precision: float | None
    recall: float | None
    true_count: int
    found_count: int
    matched_count: int
    video_count: int


class VersionScores(TypedDict):
    """Scores of one version of an analytic over all reviewed videos on which it ran."""

    analytic_version: str
    video_count: int
    classes: list[ClassScores]


class ScoredVideo(TypedDict):
    """Job that was evaluated on a reviewed video.

    Attributes:
        job_id: id of the job, and ``job_name``.
        analytic_version: version of the analytic.
        review: record of the newest version of the labels of this video by the same analytic.
        state: ``COMPLETE``, ``PENDING`` while the platform evaluates it, or ``FAILED``.
        message: why the evaluation failed; otherwise empty.
        matched_count, true_count, found_count: of all classes.
    """

    job_id: str
    job_name: str
    analytic_version: str
    review: ReviewRecord
    state: str
    message: str
    matched_count: int
    true_count: int
    found_count: int


class ReviewScores(TypedDict):
    """Response of ``GET reviews/scores``. While ``pending`` is not 0, the scores are of a part; ask again."""

    analytic: str
    overlap: float
    versions: list[VersionScores]
    videos: list[ScoredVideo]
    pending: int


_FIELDS: Mapping[EditKind, tuple[set[str], set[str]]] = {
    EditKind.ACCEPT: ({"tracks"}, set()),
    EditKind.REJECT: ({"tracks"}, set()),
    EditKind.RENAME: ({"tracks", "label"}, set()),
    EditKind.MERGE: ({"tracks", "into"}, set()),
    EditKind.SPLIT: ({"track", "frame", "new_track"}, set()),
    EditKind.DRAW: ({"track", "frame", "box"}, {"label"}),
    EditKind.ERASE: ({"track", "frame"}, set()),
}
"""Keys that an edit of a kind requires, and those that it may have besides."""


def checked_edits(edits: object) -> list[Edit]:
    """Return ``edits`` if each has the keys and values of its kind. Whether the tracks exist is not checked.

    Raises:
        ValueError: an edit is invalid, or there are too many; the text names the position and the value.
    """
    if not isinstance(edits, Sequence) or isinstance(edits, str):
        raise ValueError(f"'edits' is a list of edits, not {edits!r:.100}")  # noqa: TRY004  (one error for all values)
    if len(edits) > MAX_EDITS:
        raise ValueError(f"{len(edits)} edits are too many: a version has at most {MAX_EDITS}. Save more often.")
    for position, edit in enumerate(edits, start=1):
        try:
            _check(edit)
        except ValueError as error:
            raise ValueError(f"edit {position}: {error}") from None
    return cast("list[Edit]", [*edits])


def _check(edit: object) -> None:
    if not isinstance(edit, Mapping):
        raise ValueError(f"expected an object, not {edit!r:.100}")  # noqa: TRY004  (one error for all values)
    try:
        kind = EditKind(str(edit.get("edit")))
    except ValueError:
        raise ValueError(f"'edit' is one of {', '.join(EditKind)}, not {edit.get('edit')!r:.100}") from None
    required, further = _FIELDS[kind]
    missing = sorted(required - edit.keys())
    if missing:
        raise ValueError(f"{kind} requires {missing[0]!r}")
    unknown = sorted(edit.keys() - required - further - {"edit"})
    if unknown:
        raise ValueError(f"{kind} has no key {unknown[0]!r:.100}")
    for name in ("track", "into", "new_track", "frame"):
        if name in edit and not _is_number(edit[name], 1 if name == "frame" else 0):
            raise ValueError(f"{name!r} is a whole number, not {edit[name]!r:.100}")
    if "tracks" in edit:
        _check_tracks(edit["tracks"])
    if "label" in edit:
        _check_label(edit["label"])
    if "box" in edit:
        _check_box(edit["box"])


def _check_tracks(tracks: object) -> None:
    if not isinstance(tracks, list) or not tracks or not all(_is_number(each, 0) for each in tracks):
        raise ValueError(f"'tracks' is a list of numbers of tracks, not {tracks!r:.100}")
    if len(tracks) > _MAX_TRACKS:
        raise ValueError(f"'tracks' has {len(tracks)} numbers; at most {_MAX_TRACKS} are allowed")


def _check_label(label: object) -> None:
    if not isinstance(label, str) or not 0 < len(label) <= _MAX_LABEL or not label.isprintable() or label.isspace():
        raise ValueError(f"'label' has 1 to {_MAX_LABEL} printable characters, not {label!r:.100}")


def _check_box(box: object) -> None:
    is_box = isinstance(box, list) and len(box) == 4 and all(_is_share(side) for side in box)
    if not is_box or not (box[0] < box[2] and box[1] < box[3]):  # type: ignore[index]  # a list of four numbers
        raise ValueError(f"'box' is left, top, right and bottom, 0 to 1 each and in this order, not {box!r:.100}")


def _is_number(value: object, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= _MAX_NUMBER


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
