"""Charts of labels: count what was found in a collection, in a search of videos, or by a batch.

A set has one result for each of its videos: the newest job of one analytic. So nothing counts twice. The platform
counts by SQL over the labels, in an internal job; see `voxel51.labels.sql.charts` for the statements.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from voxel51.labels.sql.charts import CHARTS, chart_sql
from voxel51.server.accounts.callers import User
from voxel51.server.data.tables import data
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.database.search import Term
from voxel51.server.datasets.service import DatasetPlaces
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.newest_results import complete_jobs, newest_of_each, newest_results
from voxel51.server.jobs.tables import jobs
from voxel51.server.renditions.label_sql import (
    LabelQuery,
    LabelSqlService,
    selected_videos,
    time_of_day,
)
from voxel51.server.renditions.specs import CHART_RENDITION
from voxel51.wire.renditions import LabelSetDetails

MOST_VIDEOS = 10_000
"""Number of videos of a set."""

MOST_LABEL_LENGTH = 255


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Names a set of videos: a collection, a batch or a search; without any, all videos of the caller.

    Attributes:
        collection: id of a collection, of which the caller's own videos count.
        batch: id of a batch.
        parameter_set: number of one of its sets of parameters, from 0.
        search: terms of a search of the caller's videos.
        analytic: full name of the analytic whose results count; None if there is only one.
    """

    collection: str | None = None
    batch: str | None = None
    parameter_set: int | None = None
    search: Sequence[Term] | None = None
    analytic: str | None = None


class LabelCharts:
    """Charts of the labels of sets of videos. Every method sees only jobs and videos of the given owner."""

    def __init__(self, database: Database, queries: LabelSqlService, places: DatasetPlaces) -> None:
        self._database = database
        self._queries = queries
        self._places = places

    def details(self, owner: User, chosen: LabelSet) -> LabelSetDetails:
        """Return the analytics with results in a set, and how many videos its charts count.

        Raises:
            NotFound: the owner can read no such collection or batch.
            BadRequest: the set is invalid, or too large.
        """
        with self._database.read() as connection:
            results = self._results(connection, owner, chosen)
            counted = results[: self._queries.most_jobs]
            videos = _videos(connection, owner, _video_ids(counted))
        counts = Counter(str(row["analytic"]) for row in results)
        known = sum(time_of_day(row["captured_at"]) is not None for row in videos)
        left_out = {name for name, is_known in (("hours", known > 0), ("speeds", _has_size(videos))) if not is_known}
        return {
            "analytics": [{"analytic": name, "videos": count} for name, count in counts.most_common()],
            "charts": [name for name in CHARTS if name not in left_out],
            "videos_with_time": known,
            "is_complete": len(results) == len(counted),
        }

    def begin(self, owner: User, chart: str, chosen: LabelSet, given: Mapping[str, str]) -> LabelQuery:
        """Have a chart counted, of all labels or of the one in ``given``, in the ``format`` and ``theme`` in it.

        Raises:
            NotFound: the owner can read no such collection or batch, or there is no such chart.
            BadRequest: the set is invalid or too large, or has results of several analytics and none is chosen.
        """
        if chart not in CHARTS:
            raise NotFound(f"Chart {chart!r:.100} not found; the charts are {', '.join(CHARTS)}")
        label = given.get("label") or None
        if label is not None and (not label.isprintable() or len(label) > MOST_LABEL_LENGTH):
            raise BadRequest(f"{label!r:.100} is not a label: use up to {MOST_LABEL_LENGTH} printable characters")
        with self._database.read() as connection:
            results = self._results(connection, owner, chosen)
            names = sorted({str(row["analytic"]) for row in results})
            if len(names) > 1:
                raise BadRequest(
                    f"The set has results of several analytics: {', '.join(names)}. Choose one: 'analytic'"
                )
            videos = _videos(connection, owner, _video_ids(results))
        if chart == "hours" and not any(time_of_day(row["captured_at"]) for row in videos):
            raise BadRequest(
                "No video of the set has a time of capture. Set its metadata 'captured-at', such as 2026-06-01T08:30:00"
            )
        if chart == "speeds" and not _has_size(videos):
            raise BadRequest("The size of the frames of no video of the set is known, and speeds are in pixels")
        wanted = {name: given[name] for name in ("format", "theme") if name in given}
        arguments = {"sql": chart_sql(chart, label), "chart": chart, **wanted}
        return self._queries.over(owner, arguments, results, videos, CHART_RENDITION)

    def results(
        self, connection: Connection, owner: User, chosen: LabelSet
    ) -> tuple[list[RowMapping], list[RowMapping]]:
        """Return the newest complete job of each analytic on each video of a set, the newest first, and the videos.

        The jobs have `RESULT_COLUMNS`, the videos the columns of `selected_videos`.

        Raises:
            NotFound: the owner can read no such collection or batch.
            BadRequest: the set is invalid, or too large.
        """
        results = self._results(connection, owner, chosen)
        return results, _videos(connection, owner, _video_ids(results))

    def _results(self, connection: Connection, owner: User, chosen: LabelSet) -> list[RowMapping]:
        if [chosen.collection, chosen.batch, chosen.search].count(None) < 2:
            raise BadRequest("Only one of 'collection', 'batch' and 'search' says what to count. Leave the others out")
        if chosen.batch is not None:
            found = self._places.results(connection, owner, chosen.batch, chosen.parameter_set)
            rows = _jobs_among(connection, owner, [*dict.fromkeys(found)])
        else:
            rows = newest_results(connection, owner, self._data_ids(connection, owner, chosen), chosen.analytic)
        named = (row for row in rows if chosen.analytic is None or row["analytic"] == chosen.analytic)
        return [row for row in newest_of_each(named) if produces_labels(row["document"])]

    def _data_ids(self, connection: Connection, owner: User, chosen: LabelSet) -> Sequence[str]:
        if chosen.collection is not None:
            ids = self._places.members(connection, owner, chosen.collection)
        else:
            ids = self._places.found(connection, owner, chosen.search or (), MOST_VIDEOS + 1)
        if len(ids) > MOST_VIDEOS:
            raise BadRequest(f"The set has more than {MOST_VIDEOS} files, the most of a chart. Narrow the search")
        return ids


def _jobs_among(connection: Connection, owner: User, job_ids: Sequence[str]) -> list[RowMapping]:
    """Return those of these jobs that are the owner's and complete."""
    found: list[RowMapping] = []
    for chunk in in_chunks(job_ids):
        found += connection.execute(complete_jobs(owner).where(jobs.c.id.in_(chunk))).mappings()
    return found


def _has_size(videos: Sequence[RowMapping]) -> bool:
    return any(row["width"] and row["height"] for row in videos)


def _video_ids(results: Sequence[RowMapping]) -> list[str]:
    found = (video_of(row["request"], row["document"]) for row in results)
    return [*dict.fromkeys(video_id for video_id in found if video_id is not None)]


def _videos(connection: Connection, owner: User, data_ids: Sequence[str]) -> list[RowMapping]:
    found: list[RowMapping] = []
    for chunk in in_chunks(data_ids):
        mine = selected_videos(data.c.id.in_(chunk), data.c.owner_id == owner.id)
        found += connection.execute(mine).mappings()
    return found
