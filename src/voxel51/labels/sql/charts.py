"""Charts of the labels of many videos, as SQL: by class, video and hour of the day, and by length and speed of tracks.

Each chart is one SELECT statement over the tables of `voxel51.labels.sql.tables`. Each of its rows is a bar, and names
a job and a frame in which to see what was counted.
"""

from collections.abc import Callable, Mapping, Sequence

from voxel51.labels.track_bars import LENGTH_BOUNDS, LONGEST_GAP_SECONDS, SPEED_BOUNDS

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
    return f"""WITH {_RATES}, measured AS (
    SELECT job_id, video_id, first_frame, (last_frame - first_frame + 1) / rate AS measure
    FROM tracks JOIN rates USING (job_id) {chosen}
), {_bars("at_least_seconds", LENGTH_BOUNDS)}"""  # noqa: S608  (the label is quoted)


def _speeds(chosen: str) -> str:
    """Return the statement for the mean speeds of tracks along their paths, as `voxel51.labels.charts` defines them."""
    is_step = f"frames <= greatest(1, round(rate * {LONGEST_GAP_SECONDS}))"
    return f"""WITH {_RATES}, placed AS (
    SELECT job_id, video_id, label, track, frame, rate, (x_min + x_max) / 2 * width AS x, y_max * height AS y
    FROM detections JOIN rates USING (job_id) JOIN videos USING (video_id)
    {chosen} {"AND" if chosen else "WHERE"} track IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL
), steps AS (
    SELECT *, frame - lag(frame) OVER ordered AS frames,
           sqrt((x - lag(x) OVER ordered) ** 2 + (y - lag(y) OVER ordered) ** 2) AS pixels
    FROM placed WINDOW ordered AS (PARTITION BY job_id, label, track ORDER BY frame)
), measured AS (
    SELECT job_id, video_id, min(frame) AS first_frame,
           sum(pixels) FILTER ({is_step}) * any_value(rate) / sum(frames) FILTER ({is_step}) AS measure
    FROM steps GROUP BY job_id, video_id, label, track HAVING sum(frames) FILTER ({is_step}) > 0
), {_bars("at_least_pixels_per_second", SPEED_BOUNDS)}"""  # noqa: S608  (the label is quoted)


def _bars(name: str, bounds: Sequence[float]) -> str:
    """Return the end of a statement: the rows of ``measured`` in bars, with the one of the greatest measure."""
    values = ", ".join(f"({bound}::DOUBLE)" for bound in bounds)
    return f"""bars AS (
    SELECT bound, lead(bound, 1, 'infinity'::DOUBLE) OVER (ORDER BY bound) AS next
    FROM (VALUES {values}) AS bounds(bound)
)
SELECT bound AS {name}, count(job_id) AS tracks, count(DISTINCT video_id) AS videos,
       arg_max(job_id, measure) AS job_id, arg_max(first_frame, measure) AS first_frame
FROM bars LEFT JOIN measured ON measure >= bound AND measure < next
GROUP BY bound ORDER BY bound"""  # noqa: S608  (names and numbers of this module)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


CHARTS: Mapping[str, Callable[[str], str]] = {
    "classes": _classes,
    "videos": _videos,
    "hours": _hours,
    "lengths": _lengths,
    "speeds": _speeds,
}
"""Statements by chart. Each takes the condition that chooses labels."""
