"""Moments as SQL: the parts of videos in which labels are seen, with the best box of each, and true totals.

The statement returns one row: totals of all moments, and the first of them as a list. A moment lasts until its label,
or its track, is not seen for more than a second. Seconds are those of video: boxes at the same time, and several
results on one video, count once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxel51.labels.geometry import LOWEST
from voxel51.labels.spans import LONGEST_GAP_SECONDS

SORTS = {
    "best": "score DESC, name, first_frame, label",
    "longest": "seconds DESC, name, first_frame, label",
    "time": "name, video, first_frame, label",
}
"""Orders of moments: by confidence and size of the best box, by duration, or as they appear in each video."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class MomentConditions:
    """Conditions of moments.

    Attributes:
        labels: labels of objects or events, at least one.
        together: whether all of the labels must be in the same frames.
        by_track: whether each track has moments of its own; not if the labels must be together.
        confidence: minimum confidence of a box or an event; 0 includes those without a confidence.
        larger_than, smaller_than: limits of the area of the box, as a share of the frame; events have no box.
        longer_than, shorter_than: limits of the duration of a moment in seconds.
        zone: corners of a polygon in relative coordinates, in which the middle of the lower side of the box must be.
        sort: one of `SORTS`.
        limit: number of moments that are listed; all are counted.
    """

    labels: Sequence[str]
    together: bool = False
    by_track: bool = False
    confidence: float = 0.0
    larger_than: float | None = None
    smaller_than: float | None = None
    longer_than: float | None = None
    shorter_than: float | None = None
    zone: Points | None = None
    sort: str = "best"
    limit: int = 200


def moments_sql(conditions: MomentConditions) -> str:
    """Return the statement that finds the moments in the tables of `voxel51.labels.sql.tables`.

    Raises:
        ValueError: there are no labels.
        KeyError: there is no such order.
    """
    if not conditions.labels:
        raise ValueError("no labels are given")
    order = SORTS[conditions.sort]
    durations = " AND ".join(_durations(conditions)) or "true"
    return f"""WITH rates AS (
    SELECT coalesce(video_id, job_id) AS video, max(coalesce(frame_count / nullif(duration_seconds, 0), 25)) AS rate,
           any_value(video_id) AS video_id, any_value(name) AS job_name
    FROM jobs GROUP BY ALL
), found AS ({" UNION ALL ".join(_found(conditions))}),
seen AS (
    SELECT video, label, track, frame, count(*) AS boxes,
           max(coalesce(confidence, 0.5) * coalesce(area, 1) ** 0.25) AS score,
           arg_max({{job_id: job_id, confidence: confidence, box: box}},
                   coalesce(confidence, 0.5) * coalesce(area, 1) ** 0.25) AS best
    FROM found GROUP BY ALL
), matched AS ({_together(conditions) if conditions.together else "SELECT * FROM seen"}),
parts AS (
    SELECT *, CASE WHEN frame - lag(frame) OVER ordered <= greatest(1, round(rate * {LONGEST_GAP_SECONDS}))
                   THEN 0 ELSE 1 END AS is_new
    FROM matched JOIN rates USING (video) WINDOW ordered AS (PARTITION BY video, label, track ORDER BY frame)
), numbered AS (
    SELECT *, sum(is_new) OVER (PARTITION BY video, label, track ORDER BY frame) AS number FROM parts
), moments AS (
    SELECT video, label, track, number, min(frame) AS first_frame, max(frame) AS last_frame, max(boxes) AS most,
           (max(frame) - min(frame) + 1) / any_value(rate) AS seconds, any_value(rate) AS rate, max(score) AS score,
           arg_max(frame, score) AS best_frame, arg_max(best, score) AS best,
           any_value(video_id) AS video_id, any_value(job_name) AS job_name
    FROM numbered GROUP BY ALL
), chosen AS (
    SELECT moments.*, coalesce(videos.name, job_name) AS name,
           {_new_seconds("video")} AS new_seconds, {_new_seconds("video, label")} AS new_seconds_of_label
    FROM moments LEFT JOIN videos USING (video_id) WHERE {durations}
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY {order}, track, number) AS rank FROM chosen
), by_label AS (
    SELECT label, count(*) AS moments, count(DISTINCT video) AS videos, round(sum(new_seconds_of_label), 3) AS seconds
    FROM chosen GROUP BY label
)
SELECT count(*) AS count, count(DISTINCT video) AS videos, round(coalesce(sum(new_seconds), 0), 3) AS seconds,
       coalesce((SELECT list({{label: label, moments: moments, videos: videos, seconds: seconds}}
                             ORDER BY seconds DESC, label) FROM by_label), []) AS labels,
       coalesce(list({{video_id: video_id, video: name, job_id: best.job_id, label: label, first_frame: first_frame,
                       last_frame: last_frame, seconds: round(seconds, 3), best_frame: best_frame, box: best.box,
                       confidence: best.confidence, most_at_once: most}} ORDER BY rank)
                FILTER (WHERE rank <= {conditions.limit:d}), []) AS moments
FROM ranked"""  # noqa: S608  (labels are quoted, all else is numbers)


def _new_seconds(partition: str) -> str:
    """Return the expression for the seconds of a moment that no earlier moment of the partition covers."""
    reached = f"""max(last_frame) OVER (PARTITION BY {partition} ORDER BY first_frame, last_frame, label, track, number
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"""
    return f"greatest(0, last_frame - greatest(first_frame - 1, coalesce({reached}, first_frame - 1))) / rate"


def _found(conditions: MomentConditions) -> Iterator[str]:
    """Yield the statements that find boxes, and events where no condition is one of boxes."""
    labels = ", ".join(_literal(label) for label in conditions.labels)
    chosen = [f"label IN ({labels})"]
    if conditions.confidence:
        chosen.append(f"confidence >= {_number(conditions.confidence)}")
    of_boxes = [*_of_boxes(conditions)]
    columns = "coalesce(video_id, job_id) AS video, job_id, label, confidence"
    is_by_track = conditions.by_track and not conditions.together
    track = "job_id || ' ' || track" if is_by_track else "NULL::VARCHAR"
    yield f"""
    SELECT {columns}, {track} AS track, frame, (x_max - x_min) * (y_max - y_min) AS area,
           [x_min, y_min, x_max, y_max] AS box
    FROM detections WHERE {" AND ".join([*chosen, *of_boxes])}"""  # noqa: S608  (labels are quoted, all else is numbers)
    if not of_boxes:
        yield f"""
    SELECT {columns}, NULL AS track, unnest(range(first_frame, last_frame + 1)) AS frame, NULL AS area, NULL AS box
    FROM events WHERE {" AND ".join(chosen)}"""  # noqa: S608  (labels are quoted, all else is numbers)


def _of_boxes(conditions: MomentConditions) -> Iterator[str]:
    area = "(x_max - x_min) * (y_max - y_min)"
    if conditions.larger_than is not None:
        yield f"{area} > {_number(conditions.larger_than)}"
    if conditions.smaller_than is not None:
        yield f"{area} < {_number(conditions.smaller_than)}"
    if conditions.zone is not None:
        yield _in_zone(conditions.zone)


def _in_zone(zone: Points) -> str:
    """Return the condition that a ray to the right of the place of a box crosses an odd number of sides of the zone.

    The place is the middle of its lower side, as in charts of one job. Where a box touches the lower side of the frame,
    it is slightly above, so that zones that reach there have it.
    """
    y = f"least(y_max, {_number(LOWEST)})"
    crossed = []
    for (x1, y1), (x2, y2) in zip(zone, [*zone[1:], zone[0]], strict=True):
        if y1 != y2:
            slope = (x2 - x1) / (y2 - y1)
            low, high = (_number(each) for each in sorted((y1, y2)))
            side = f"{_number(slope)} * {y} + {_number(x1 - slope * y1)}"
            crossed.append(f"({y} >= {low} AND {y} < {high} AND (x_min + x_max) / 2 < {side})::INT")
    return f"({' + '.join(crossed) or '0'}) % 2 = 1"


def _together(conditions: MomentConditions) -> str:
    """Return the statement that leaves the frames with all of the labels; the box has the best boxes of all."""
    sides = ", ".join(
        f"{function}(best.box[{position}])" for position, function in enumerate(("min", "min", "max", "max"), 1)
    )
    return f"""
    SELECT video, {_literal(", ".join(conditions.labels))} AS label, NULL AS track, frame, sum(boxes)::BIGINT AS boxes,
           min(score) AS score,
           {{job_id: arg_max(best.job_id, score), confidence: min(best.confidence),
            box: CASE WHEN count(best.box) > 0 THEN [{sides}] END}} AS best
    FROM seen GROUP BY video, frame HAVING count(*) = {len(set(conditions.labels))}"""  # noqa: S608  (labels are quoted)


def _durations(conditions: MomentConditions) -> Iterator[str]:
    if conditions.longer_than is not None:
        yield f"seconds > {_number(conditions.longer_than)}"
    if conditions.shorter_than is not None:
        yield f"seconds < {_number(conditions.shorter_than)}"


def _number(value: float) -> str:
    """Return a number as a short literal of type DOUBLE: a decimal literal would be computed exactly, and slower."""
    return f"{value:.9e}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
