"""Tables of labels for SQL: ``videos``, ``jobs``, ``detections``, ``frames``, ``tracks``, ``events``, ``text``.

The labels of each job are a Parquet file as `voxel51.labels.formats.tables` writes it. The tables of labels are views
of these files, so a query reads only the columns that it needs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel51.labels.formats.tables import row_schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VIDEO_COLUMNS = {
    "video_id": "VARCHAR",
    "name": "VARCHAR",
    "size_bytes": "BIGINT",
    "upload_date": "VARCHAR",
    "captured_at": "VARCHAR",
}
JOB_COLUMNS = {
    "job_id": "VARCHAR",
    "video_id": "VARCHAR",
    "name": "VARCHAR",
    "analytic": "VARCHAR",
    "version": "VARCHAR",
    "completion_date": "VARCHAR",
    "frame_count": "BIGINT",
    "duration_seconds": "DOUBLE",
    "has_labels": "BOOLEAN",
}

VIEWS: Mapping[str, str] = {
    "detections": """
        SELECT file.job_id, file.video_id, first_frame AS frame, "index" AS track, label, confidence,
               "left" AS x_min, "top" AS y_min, "right" AS x_max, "bottom" AS y_max, attributes
        FROM label_rows JOIN label_files AS file USING (filename) WHERE kind = 'object'""",
    "events": """
        SELECT file.job_id, file.video_id, label, first_frame, last_frame, "index" AS event, confidence, attributes
        FROM label_rows JOIN label_files AS file USING (filename) WHERE kind = 'event'""",
    "frames": """
        SELECT job_id, video_id, frame, count(*) AS detections FROM detections GROUP BY ALL""",
    "tracks": """
        SELECT job_id, video_id, track, label, min(frame) AS first_frame, max(frame) AS last_frame,
               count(*) AS detections, max(confidence) AS max_confidence, avg(confidence) AS mean_confidence
        FROM detections WHERE track IS NOT NULL GROUP BY ALL""",
    "text": """
        SELECT file.job_id, file.video_id, "index" AS track,
               regexp_extract(attributes, '(?:^|;)text=([^;]*)', 1) AS text,
               min(first_frame) AS first_frame, max(last_frame) AS last_frame, max(confidence) AS max_confidence
        FROM label_rows JOIN label_files AS file USING (filename)
        WHERE regexp_matches(attributes, '(?:^|;)text=') GROUP BY ALL""",
}
"""Views by name, in the order in which they are made. Coordinates are relative to the frame, 0 to 1."""


def create_tables(
    connection: "DuckDBPyConnection",
    videos: Sequence[Mapping[str, Any]],
    jobs: Sequence[Mapping[str, Any]],
    files: Mapping[str, Path],
    scratch: Path,
) -> list[Path]:
    """Create all tables, and return the files that their views read.

    Args:
        connection: an empty database.
        videos: rows with `VIDEO_COLUMNS`; absent values become null.
        jobs: rows with `JOB_COLUMNS`.
        files: job id -> Parquet file of its labels; every job is among ``jobs``.
        scratch: folder for a file without rows, which is read if there is no other.
    """
    _create(connection, "videos", VIDEO_COLUMNS, videos)
    _create(connection, "jobs", JOB_COLUMNS, jobs)
    video_ids = {job["job_id"]: job.get("video_id") for job in jobs}
    rows = [{"filename": str(path), "job_id": job_id, "video_id": video_ids[job_id]} for job_id, path in files.items()]
    columns = {"filename": "VARCHAR", "job_id": "VARCHAR", "video_id": "VARCHAR"}
    _create(connection, "label_files", columns, rows)
    paths = [*files.values()] or [_empty_file(scratch)]
    listed = ", ".join(_literal(str(path)) for path in paths)
    rows_of_files = f"SELECT * FROM read_parquet([{listed}], filename = true)"  # noqa: S608  (paths are quoted)
    connection.execute(f"CREATE VIEW label_rows AS {rows_of_files}")
    for name, text in VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS {text}")
    return paths


def _create(
    connection: "DuckDBPyConnection", name: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> None:
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"CREATE TABLE {name} ({declared})")
    if rows:
        # One list for each column: a statement for each row takes a minute for 20,000 rows.
        lists = ", ".join(f"unnest(${position}::{kind}[])" for position, kind in enumerate(columns.values(), 1))
        values = [[row.get(column) for row in rows] for column in columns]
        connection.execute(f"INSERT INTO {name} SELECT {lists}", values)


def _empty_file(scratch: Path) -> Path:
    from pyarrow import parquet  # noqa: PLC0415  (40 MB, and only for this)

    path = scratch / "empty.parquet"
    parquet.write_table(row_schema().empty_table(), path)
    return path


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
