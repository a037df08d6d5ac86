"""SQL over labels: a GROUP BY over many detections, beside the same by DuckDB on the bare files.

``VOXEL51_BENCHMARK_DETECTIONS`` is the number of detections; the default is 5 million, in 100 files as of 100 jobs.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.support.figures import Figure
from voxel51.labels.sql.query import LabelTables, QueryLimits, run_query

RUNS = 5
JOBS = 100
DETECTIONS = int(os.environ.get("VOXEL51_BENCHMARK_DETECTIONS", "5000000"))
QUERY = "SELECT label, count(*) AS n, avg(confidence) AS mean FROM detections GROUP BY label ORDER BY label"


def measure() -> list[Figure]:
    """Return the seconds of the query, with opening the tables and writing the result, on two threads."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = _tables(folder)
        ours, bare = [], []
        for _ in range(RUNS):
            started = time.perf_counter()
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                output = Path(scratch) / "result.json"
                run_query(QUERY, tables, output, Path(scratch), QueryLimits(threads=2))
                counted = sum(row[1] for row in json.loads(output.read_text())["rows"])
            ours.append(time.perf_counter() - started)
            if counted != DETECTIONS // JOBS * JOBS:
                raise AssertionError(f"{counted} detections counted")
            bare.append(_bare(folder))
    title = f"GROUP BY label over {DETECTIONS / 10**6:g} million detections of {JOBS} jobs"
    return [Figure(title, "s", ours, "DuckDB on the bare files", bare, "")]


def _tables(folder: Path) -> LabelTables:
    of_job = DETECTIONS // JOBS
    files = {}
    for number in range(JOBS):
        path = folder / f"{number}.parquet"
        duckdb.sql(
            f"""COPY (SELECT 'object' AS kind, i // 10 + 1 AS first_frame, i // 10 + 1 AS last_frame, i % 10 AS "index",
            ['car', 'person', 'bus', 'dog'][i % 4 + 1] AS label, random() AS confidence, random() AS "left",
            random() AS "top", random() AS "right", random() AS "bottom", '' AS attributes
            FROM range({of_job}) AS numbers(i)) TO '{path}'"""
        )
        files[f"job-{number}"] = path
    jobs = [{"job_id": job_id, "video_id": f"video of {job_id}"} for job_id in files]
    return LabelTables([], jobs, files)


def _bare(folder: Path) -> float:
    started = time.perf_counter()
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.sql(
            f"SELECT label, count(*), avg(confidence) FROM read_parquet('{folder}/*.parquet') GROUP BY label"
        ).fetchall()
    return time.perf_counter() - started
