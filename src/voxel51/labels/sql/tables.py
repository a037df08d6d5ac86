"""Tables of labels for SQL: ``videos``, ``jobs``, ``detections``, ``frames``, ``tracks``, ``events``, ``text``.

The labels of each job are a Parquet file as `voxel51.labels.formats.tables` writes it. The tables of labels are views
of these files, so a query reads only the columns that it needs.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    "width": "BIGINT",
    "height": "BIGINT",
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
        SELECT job_id, video_id, first_frame AS frame, "index" AS track, label, confidence,
               "left" AS x_min, "top" AS y_min, "right" AS x_max, "bottom" AS y_max, attributes
        FROM label_rows WHERE kind = 'object'""",
    "events": """
        SELECT job_id, video_id, label, first_frame, last_frame, "index" AS event, confidence, attributes
        FROM label_rows WHERE kind = 'event'""",
    "frames": """
        SELECT job_id, video_id, frame, count(*) AS detections FROM detections GROUP BY ALL""",
    "tracks": """
        SELECT job_id, video_id, track, label, min(frame) AS first_frame, max(frame) AS last_frame,
               count(*) AS detections, max(confidence) AS max_confidence, avg(confidence) AS mean_confidence
        FROM detections WHERE track IS NOT NULL GROUP BY ALL""",
    "text": """
        SELECT job_id, video_id, "index" AS track,
               regexp_extract(attributes, '(?:^|;)text=([^;]*)', 1) AS text,
               min(first_frame) AS first_frame, max(last_frame) AS last_frame, max(confidence) AS max_confidence
        FROM label_rows WHERE regexp_matches(attributes, '(?:^|;)text=') GROUP BY ALL""",
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
    paths = [*files.values()] or [_empty_file(scratch)]
    connection.execute(f"CREATE VIEW label_rows AS {_label_rows(paths, files, video_ids)}")
    for name, text in VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS {text}")
    return paths


def _label_rows(paths: Sequence[Path], job_ids: Iterable[str], video_ids: Mapping[str, str | None]) -> str:
    """Return the statement that reads the files, with the ids of the job and the video of each.

    An id is looked up once for each vector of rows, by the number of the file. A join on the name of the file takes
    half as much time again as the rest of a query, because it compares the name for each row.
    """
    of_jobs = [*job_ids]
    of_videos = [video_ids[job_id] for job_id in of_jobs]
    columns = ", ".join(
        f"list_extract({_list(ids)}, (file_index + 1)::BIGINT) AS {name}"
        for name, ids in (("job_id", of_jobs), ("video_id", of_videos))
    )
    return f"SELECT {columns}, * FROM read_parquet({_list(map(str, paths))})"  # noqa: S608  (all texts are quoted)


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


def _list(texts: Iterable[str | None]) -> str:
    return f"[{', '.join('NULL' if text is None else _literal(text) for text in texts)}]::VARCHAR[]"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
