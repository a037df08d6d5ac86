"""Label search: keep the spans that attempts report, and find jobs by them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.types import without_index
from voxel51.server.errors import BadRequest, OutOfSpace
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.tables import jobs
from voxel51.server.search.label_totals import add_changes_to_totals, known_labels, record_change
from voxel51.server.search.matching import fits, matching_jobs, newest_first
from voxel51.server.search.query import LabelQuery
from voxel51.server.search.tables import label_spans
from voxel51.wire.search import FoundLabel, KnownLabel, LabelMatch, LabelMatches, SpanRecord, SpanReport

MAX_SPANS = 5000
MAX_RANGES = 100
"""Number of ranges of frames that are returned for one label of one job."""

_MAX_NAMES = 1000
_BATCH_SIZE = 10_000
_LARGEST = 2**62

Ranges = list[tuple[int, int]]


class SearchService:
    """Spans of labels. Searches find COMPLETE jobs only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, attempt: Attempt, report: SpanReport) -> None:
        """Keep the spans of a job, instead of those reported before.

        Raises:
            BadRequest: there are more than `MAX_SPANS`, or a number is invalid.
        """
        rows = [_row(attempt, span) for span in report["spans"]]
        if len(rows) > MAX_SPANS:
            raise BadRequest(f"Too many spans: {len(rows)}. Send the first {MAX_SPANS} only.")
        with self._database.write() as connection:
            connection.execute(delete(label_spans).where(label_spans.c.job_id == attempt.job_id))
            if rows:
                connection.execute(insert(label_spans), rows)
            record_change(connection, attempt.owner_id, attempt.job_id)

    def find(self, owner: User, query: LabelQuery) -> LabelMatches:
        """Return the jobs whose labels match, the newest first, with the matching ranges of frames."""
        with self._database.read() as connection:
            matching = matching_jobs(connection, owner, query)
            rows = connection.execute(_details(matching.ids)).mappings().all()
            found = _spans_of(connection, matching.ids, query)
            names = _names(connection, owner, rows)
        matches = [_match(row, found.get(row["id"], []), query, names) for row in rows]
        return {"matches": matches, "count": matching.count, "is_count_exact": matching.is_count_exact}

    def names(self, owner: User) -> list[KnownLabel]:
        """Return every label that a job of the owner found, the most frequent first.

        Seconds are those of video: tracks at the same time, or found by several jobs on a video, count once. If very
        many jobs have ended within half a minute, some of them may be missing.
        """
        with suppress(OutOfSpace):  # the labels as they were are better than none
            add_changes_to_totals(self._database, owner.id)
        with self._database.read() as connection:
            rows = known_labels(connection, owner.id, _MAX_NAMES)
        return [
            {"label": row.label, "kind": row.kind, "jobs": row.jobs, "spans": row.spans,
             "seconds": round(row.microseconds / 1_000_000, 3)}
            for row in rows
        ]  # fmt: skip

    def add_changes(self) -> int:
        """Add the labels of some jobs that have ended or expired to the totals of their owners; return how many."""
        return add_changes_to_totals(self._database)

    def expire(self) -> int:
        """Delete the spans of expired jobs; return how many."""
        expired = select(jobs.c.id).where(jobs.c.expired.is_(True))
        chosen = select(label_spans.c.id).where(label_spans.c.job_id.in_(expired)).limit(_BATCH_SIZE)
        with self._database.write() as connection:
            return connection.execute(delete(label_spans).where(label_spans.c.id.in_(chosen))).rowcount


def _row(attempt: Attempt, span: SpanRecord) -> dict[str, object]:
    numbers = [span["first_frame"], span["last_frame"], span["frame_count"], span["track"] or 0]
    if any(not -1 < number < _LARGEST for number in numbers) or not 0 <= span["seconds"] < _LARGEST:
        raise BadRequest(f"A span has an invalid number: {span!r:.200}")
    texts = {name: None if span[name] is None else str(span[name])[:255] for name in ("kind", "label", "text")}
    return {**span, **texts, "kind": str(span["kind"])[:8], "job_id": attempt.job_id, "owner_id": attempt.owner_id}


def _details(job_ids: Sequence[str]) -> Select[*tuple[object, ...]]:
    return (
        select(jobs.c.id, jobs.c.name, jobs.c.request, analytics.c.name.label("analytic"), analytics.c.version)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(jobs.c.id.in_(job_ids))
        .order_by(*newest_first)
    )


def _spans_of(connection: Connection, job_ids: Sequence[str], query: LabelQuery) -> dict[str, list[RowMapping]]:
    chosen = [fits(label_spans, label, query) for label in query.labels] or [fits(label_spans, None, query)]
    statement = (
        select(label_spans)
        .where(label_spans.c.job_id.in_(job_ids))
        .order_by(label_spans.c.first_frame, label_spans.c.id)
    )
    found: dict[str, list[RowMapping]] = {}
    for condition in chosen:
        for row in connection.execute(statement.where(condition)).mappings():
            found.setdefault(row["job_id"], []).append(row)
    return found


def _match(row: RowMapping, found: list[RowMapping], query: LabelQuery, names: dict[str, str]) -> LabelMatch:
    labels = query.labels or tuple(dict.fromkeys(each["label"] for each in found))
    by_label = {label: [each for each in found if each["label"] == label] for label in labels}
    unions = [_union((each["first_frame"], each["last_frame"]) for each in rows) for rows in by_label.values()]
    data_id = _data_id(row)
    return {
        "job_id": row["id"],
        "job_name": row["name"],
        "analytic": row["analytic"],
        "version": row["version"],
        "data_id": data_id,
        "filename": names.get(data_id or ""),
        "found": {label: _found(rows) for label, rows in by_label.items()},
        "together": _common(unions)[:MAX_RANGES],
    }


def _found(rows: Sequence[RowMapping]) -> FoundLabel:
    """Return the occurrences of a label. Frames and seconds are those of the video: simultaneous tracks count once."""
    ranges = _union((each["first_frame"], each["last_frame"]) for each in rows)
    frames = sum(last - first + 1 for first, last in ranges)
    frames_of_spans = sum(each["last_frame"] - each["first_frame"] + 1 for each in rows)
    seconds_of_spans = sum(each["seconds"] for each in rows)
    return {
        "spans": len(rows),
        "frames": frames,
        "seconds": round(frames * seconds_of_spans / frames_of_spans, 3) if rows else 0.0,
        "ranges": ranges[:MAX_RANGES],
    }


def _union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges sorted, with those joined that overlap or are adjacent."""
    joined: Ranges = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return joined


def _common(unions: Sequence[Ranges]) -> Ranges:
    """Return the ranges of the frames that are in all unions."""
    common, *others = unions or [[]]
    for other in others:
        pairs = [(max(a, c), min(b, d)) for a, b in common for c, d in other]
        common = [(first, last) for first, last in pairs if first <= last]
    return common


def _data_id(row: RowMapping) -> str | None:
    given = files_of(row["request"])["inputs"].values()
    return next((each.data_id for each in given if each.data_id is not None), None)


def _names(connection: Connection, owner: User, rows: Iterable[RowMapping]) -> dict[str, str]:
    ids = {data_id for row in rows if (data_id := _data_id(row)) is not None}
    statement = select(data.c.id, data.c.name).where(without_index(data.c.owner_id) == owner.id, data.c.id.in_(ids))
    return {row.id: row.name for row in connection.execute(statement)}
