"""Review scores: have the jobs on reviewed videos evaluated, and sum up the evaluations by version and class."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import JOB_RENDITIONS
from voxel51.server.review_scores.pairs import ScoredPair, scored_pairs
from voxel51.server.storage.storage import Storage
from voxel51.wire.reviews import ClassScores, ReviewScores, ScoredVideo, VersionScores

_MOST_PENDING = 16
"""Number of evaluations that are requested at once. Later requests for the scores have the others made."""

_COUNTS = ("true_count", "found_count", "matched_count")


@dataclass(slots=True)
class _Sums:
    """Sums of one version of an analytic, by class."""

    videos: int = 0
    classes: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))


class ReviewScoreService:
    """Scores of analytics against the reviews of their labels. Evaluations are renditions, so each is made once."""

    def __init__(self, database: Database, storage: Storage, renditions: RenditionService) -> None:
        self._database = database
        self._storage = storage
        self._renditions = renditions

    def scores(self, owner: User, analytic: str, overlap: str) -> ReviewScores:
        """Return precision and recall of an analytic by version and class, as far as they are known.

        Evaluations that are missing are requested, and counted in ``pending``.

        Raises:
            BadRequest: the overlap is invalid.
        """
        spec = JOB_RENDITIONS["evaluation"]
        checked = float(spec.read({"truth_review": "any", "overlap": overlap})["overlap"])
        with self._database.read() as connection:
            pairs = scored_pairs(connection, owner, analytic)
        sums: dict[str, _Sums] = defaultdict(_Sums)
        videos: list[ScoredVideo] = []
        pending = 0
        for pair in pairs:
            if pending >= _MOST_PENDING:
                videos.append(_video(pair, "PENDING"))
                pending += 1
                continue
            given = {"truth_review": pair.review["id"], "overlap": str(checked)}
            try:
                found = self._renditions.get(owner, RenditionSource(None, pair.job_id), spec, given)
                detection = self._detection(found) if isinstance(found, Download) else None
            except DatabaseAway:
                raise
            except ServiceError as error:  # of one job; the scores of the others are known
                videos.append(_video(pair, "FAILED", message=str(error)))
                continue
            if detection is None:
                videos.append(_video(pair, "PENDING"))
                pending += 1
                continue
            _add(sums[pair.analytic_version], detection)
            videos.append(_video(pair, "COMPLETE", detection.values()))
        versions = [_version(name, sums[name]) for name in sorted(sums, key=_version_key, reverse=True)]
        return {"analytic": analytic, "overlap": checked, "versions": versions, "videos": videos, "pending": pending}

    def _detection(self, evaluation: Download) -> Mapping[str, Mapping[str, int]]:
        content = b"".join(self._storage.read(evaluation.key))
        detection: Mapping[str, Mapping[str, int]] = json.loads(content)["detection"]
        return detection


def _add(sums: _Sums, detection: Mapping[str, Mapping[str, int]]) -> None:
    sums.videos += 1
    for label, scores in detection.items():
        sums.classes[label]["video_count"] += 1
        for name in _COUNTS:
            sums.classes[label][name] += scores[name]


def _version(name: str, sums: _Sums) -> VersionScores:
    most_frequent = sorted(sums.classes, key=lambda label: (-sums.classes[label]["true_count"], label))
    classes = [_class(label, sums.classes[label]) for label in most_frequent]
    return {"analytic_version": name, "video_count": sums.videos, "classes": classes}


def _class(label: str, counts: Mapping[str, int]) -> ClassScores:
    true, found, matched = (counts[name] for name in _COUNTS)
    return {
        "label": label,
        "precision": matched / found if found else None,
        "recall": matched / true if true else None,
        "true_count": true,
        "found_count": found,
        "matched_count": matched,
        "video_count": counts["video_count"],
    }


def _video(pair: ScoredPair, state: str, detection: Iterable[Mapping[str, int]] = (), message: str = "") -> ScoredVideo:
    scores = [*detection]
    true, found, matched = (sum(each[name] for each in scores) for name in _COUNTS)
    return {
        "job_id": pair.job_id,
        "job_name": pair.job_name,
        "analytic_version": pair.analytic_version,
        "review": pair.review,
        "state": state,
        "message": message,
        "matched_count": matched,
        "true_count": true,
        "found_count": found,
    }


def _version_key(version: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts versions such as 1.9 and 1.10 by their numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in version.split(".")]
