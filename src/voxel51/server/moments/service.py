"""Moments: find the parts of videos in which labels are seen, by SQL over the labels of a set of videos.

The newest result of each analytic on each video counts. Where a set has more results than one query reads, those whose
spans have none of the labels are left out first.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, func, select

from voxel51.labels.sql.moments import SORTS, MomentConditions, moments_sql
from voxel51.server.accounts.callers import User
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.parameters import QueryParameter, number_of
from voxel51.server.renditions.label_charts import MOST_LABEL_LENGTH, LabelCharts, LabelSet
from voxel51.server.renditions.label_sql import LabelQuery, LabelSqlService
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.specs import ZONE, check_points
from voxel51.server.search.query import LABELS, MAX_LABELS, read_labels
from voxel51.server.search.service import MAX_SPANS
from voxel51.server.search.tables import label_spans
from voxel51.wire.moments import LabelMoments
from voxel51.wire.renditions import PendingRendition

MOST_MOMENTS = 1000
"""Number of moments that one response lists; its totals count all."""

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_SECONDS = {"type": "number", "minimum": 0, "maximum": 10**9}
CONDITIONS: Mapping[str, QueryParameter] = {
    "labels": QueryParameter(f"{LABELS}; at most {MAX_LABELS}", {"type": "string"}),
    "together": QueryParameter(
        "true: only where all labels are in the same frames", {"type": "string", "enum": ["true", "false"]}
    ),
    "each": QueryParameter(
        "moment: boxes of a label at the same time are one; track: each track has moments of its own",
        {"type": "string", "enum": ["moment", "track"], "default": "moment"},
    ),
    "confidence": QueryParameter("minimum confidence", _SHARE),
    "larger_than": QueryParameter("area that the box must exceed, as a share of the frame", _SHARE),
    "smaller_than": QueryParameter("area that the box must be below, as a share of the frame", _SHARE),
    "longer_than": QueryParameter("seconds that a moment must exceed", _SECONDS),
    "shorter_than": QueryParameter("seconds that a moment must be below", _SECONDS),
    "zone": ZONE,
    "sort": QueryParameter(
        "best (most confident and largest first), longest, or time (by video, as they appear)",
        {"type": "string", "enum": [*SORTS], "default": "best"},
    ),
    "limit": QueryParameter(
        "number of moments to list; the totals count all",
        {"type": "integer", "minimum": 1, "maximum": MOST_MOMENTS, "default": 200},
    ),
}


@dataclass(frozen=True, slots=True)
class MomentSearch:
    """One request for moments. Waiting for it only reads states."""

    query: LabelQuery
    left_out: int
    renditions: RenditionService

    def result(self) -> Download | PendingRendition:
        """Return the result of the query, or its progress; raise errors as `LabelQuery.result` does."""
        return self.query.result()

    def moments(self, found: Download) -> LabelMoments:
        """Return the moments in the result of the query."""
        document = json.loads(self.renditions.content(found))
        names = [column["name"] for column in document["columns"]]
        (totals,) = document["rows"]
        return cast("LabelMoments", {**dict(zip(names, totals, strict=True)), "results_left_out": self.left_out})


class MomentService:
    """Moments in the videos of one owner."""

    def __init__(
        self, database: Database, charts: LabelCharts, queries: LabelSqlService, renditions: RenditionService
    ) -> None:
        self._database = database
        self._charts = charts
        self._queries = queries
        self._renditions = renditions

    def begin(self, owner: User, chosen: LabelSet, given: Mapping[str, str]) -> MomentSearch:
        """Have the moments in a set of videos found.

        Raises:
            NotFound: the owner can read no such collection or batch.
            BadRequest: a condition or the set is invalid, or the set is too large.
        """
        conditions = _conditions(given)
        with self._database.read() as connection:
            results, videos = self._charts.results(connection, owner, chosen)
            if len(results) > self._queries.most_jobs:
                having = _jobs_with(connection, owner, conditions.labels, [row["id"] for row in results])
                results = [row for row in results if row["id"] in having]
        query = {"sql": moments_sql(conditions), "format": "json"}
        left_out = max(0, len(results) - self._queries.most_jobs)
        return MomentSearch(self._queries.over(owner, query, results, videos), left_out, self._renditions)


def _jobs_with(connection: Connection, owner: User, labels: Sequence[str], job_ids: Sequence[str]) -> set[str]:
    """Return those of these jobs whose spans have one of the labels, or are incomplete, so that it may be missing."""
    span = label_spans.c
    found: set[str] = set()
    for chunk in in_chunks(job_ids):
        of_jobs = select(span.job_id).where(span.job_id.in_(chunk), span.owner_id == owner.id)
        full = of_jobs.group_by(span.job_id).having(func.count() >= MAX_SPANS)
        for statement in (of_jobs.where(span.label.in_(labels)).distinct(), full):
            found.update(connection.execute(statement).scalars())
    return found


def _conditions(given: Mapping[str, str]) -> MomentConditions:
    labels = read_labels(given.get("labels", ""))
    if not 1 <= len(labels) <= MAX_LABELS:
        raise BadRequest(f"'labels' (such as labels=dog,car) takes 1 to {MAX_LABELS} labels, not {len(labels)}")
    for label in labels:
        if not label.isprintable() or len(label) > MOST_LABEL_LENGTH:
            raise BadRequest(f"{label!r:.100} is not a label: use up to {MOST_LABEL_LENGTH} printable characters")
    check_points(given)
    numbers = dict(_numbers(given))
    limits = (("larger_than", "smaller_than"), ("longer_than", "shorter_than"))
    for low, high in limits:
        if low in numbers and high in numbers and numbers[low] >= numbers[high]:
            raise BadRequest(f"'{low}' is {numbers[low]:g}: no box or moment is also below {numbers[high]:g}, '{high}'")
    limit = int(numbers.pop("limit", CONDITIONS["limit"].schema["default"]))
    return MomentConditions(
        labels,
        together=_one_of("together", given, "false") == "true" and len(labels) > 1,
        by_track=_one_of("each", given, "moment") == "track",
        zone=_points(given.get("zone")),
        sort=_one_of("sort", given, "best"),
        limit=limit,
        **numbers,
    )


def _numbers(given: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    for name, parameter in CONDITIONS.items():
        if parameter.schema["type"] != "string" and given.get(name):
            yield name, number_of(name, parameter.schema, given[name])


def _one_of(name: str, given: Mapping[str, str], default: str) -> str:
    text, allowed = given.get(name) or default, CONDITIONS[name].schema["enum"]
    if text not in allowed:
        raise BadRequest(f"'{name}' must be one of {', '.join(allowed)}, not {text!r:.100}")
    return text


def _points(text: str | None) -> list[tuple[float, float]] | None:
    """Return the points of a zone such as ``0.1,0.2;0.3,0.4;0.5,0.6``, which was checked."""
    pairs = (point.split(",") for point in text.split(";")) if text else ()
    return [(float(x), float(y)) for x, y in pairs] or None
