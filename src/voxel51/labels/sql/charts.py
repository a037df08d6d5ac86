"""Charts of the labels of many videos, as SQL: by class, by video, by hour of the day, and by length of tracks.

Each chart is one SELECT statement over the tables of `voxel51.labels.sql.tables`. Each of its rows is a bar, and names
a job and a frame in which to see what was counted.
"""

from collections.abc import Callable, Mapping

from voxel51.labels.track_lengths import LENGTH_BOUNDS

MOST_CLASSES = 100
"""Maximum number of bars by class: those with the most detections."""

_RATES = """rates AS (
    SELECT job_id, coalesce(frame_count / nullif(duration_seconds, 0), 25) AS rate, name AS job_name FROM jobs
)"""


def chart_sql(chart: str, label: str | None = None) -> str:
    """Return the statement of a chart, of all labels or of one.

    Raises:
        KeyError: there is no such chart.
    """
    chosen = "" if label is None else f"WHERE label = {_literal(label)}"
    return CHARTS[chart](chosen)


def _classes(chosen: str) -> str:
    return f"""WITH {_RATES}, counted AS (
    SELECT job_id, video_id, label, count(*) AS detections, count(DISTINCT track) AS tracks,
           count(DISTINCT frame) AS frames, min(frame) AS first_frame
    FROM detections {chosen} GROUP BY ALL
)
SELECT label, sum(detections)::BIGINT AS detections, sum(tracks)::BIGINT AS tracks,
       round(sum(frames / rate), 3) AS seconds, count(DISTINCT video_id) AS videos,
       arg_max(job_id, detections) AS job_id, arg_max(first_frame, detections) AS first_frame
FROM counted JOIN rates USING (job_id)
GROUP BY label ORDER BY detections DESC, label LIMIT {MOST_CLASSES}"""  # noqa: S608  (the label is quoted)


def _videos(chosen: str) -> str:
    return f"""WITH {_RATES}, counted AS (
    SELECT job_id, video_id, count(*) AS detections,
           count(DISTINCT CASE WHEN track IS NOT NULL THEN (label, track) END) AS tracks,
           count(DISTINCT frame) AS frames, min(frame) AS first_frame
    FROM detections {chosen} GROUP BY ALL
)
SELECT coalesce(videos.name, job_name) AS video, detections, tracks, round(frames / rate, 3) AS seconds,
       counted.video_id, job_id, first_frame
FROM counted JOIN rates USING (job_id) LEFT JOIN videos USING (video_id)
ORDER BY detections DESC, video, job_id"""  # noqa: S608  (the label is quoted)


def _hours(chosen: str) -> str:
    return f"""WITH {_RATES}, timed AS (
    SELECT job_id, video_id, label, track, frame, rate,
           hour(captured_at::TIMESTAMP + to_microseconds(((frame - 1) / rate * 1e6)::BIGINT)) AS hour
    FROM detections JOIN rates USING (job_id) JOIN videos USING (video_id)
    {chosen} {"AND" if chosen else "WHERE"} captured_at IS NOT NULL
), counted AS (
    SELECT hour, job_id, video_id, count(*) AS detections,
           count(DISTINCT CASE WHEN track IS NOT NULL THEN (label, track) END) AS tracks,
           count(DISTINCT frame) / any_value(rate) AS seconds, min(frame) AS first_frame
    FROM timed GROUP BY ALL
)
SELECT all_hours.hour, coalesce(sum(detections), 0)::BIGINT AS detections, coalesce(sum(tracks), 0)::BIGINT AS tracks,
       round(coalesce(sum(seconds), 0), 3) AS seconds, count(DISTINCT video_id) AS videos,
       arg_max(job_id, detections) AS job_id, arg_max(first_frame, detections) AS first_frame
FROM range(24) AS all_hours(hour) LEFT JOIN counted USING (hour)
GROUP BY all_hours.hour ORDER BY all_hours.hour"""  # noqa: S608  (the label is quoted)


def _lengths(chosen: str) -> str:
    bounds = ", ".join(f"({bound}::DOUBLE)" for bound in LENGTH_BOUNDS)
    return f"""WITH {_RATES}, measured AS (
    SELECT job_id, video_id, first_frame, (last_frame - first_frame + 1) / rate AS seconds
    FROM tracks JOIN rates USING (job_id) {chosen}
), bars AS (
    SELECT bound, lead(bound, 1, 'infinity'::DOUBLE) OVER (ORDER BY bound) AS next
    FROM (VALUES {bounds}) AS bounds(bound)
)
SELECT bound AS at_least_seconds, count(job_id) AS tracks, count(DISTINCT video_id) AS videos,
       arg_max(job_id, seconds) AS job_id, arg_max(first_frame, seconds) AS first_frame
FROM bars LEFT JOIN measured ON seconds >= bound AND seconds < next
GROUP BY bound ORDER BY bound"""  # noqa: S608  (the label is quoted)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


CHARTS: Mapping[str, Callable[[str], str]] = {
    "classes": _classes,
    "videos": _videos,
    "hours": _hours,
    "lengths": _lengths,
}
"""Statements by chart. Each takes the condition that chooses labels."""
