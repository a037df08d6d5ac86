"""SQL over labels: right results, clear errors, and nothing but the labels can be reached."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.formats import convert
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.sql.query import InvalidQuery, LabelTables, QueryLimits, run_query
from voxel51.labels.sql.tables import VIEWS
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels

SECRET = "another owner's labels"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> LabelTables:
    """Two jobs: a car in frames 1 to 10, a person in 6 to 10, a sign that was read, and an event."""
    folder = tmp_path_factory.mktemp("tables")
    labels = VideoLabels()
    for number in range(1, 11):
        box = BoundingBox(0.1, 0.2, 0.3, 0.4)
        labels.frame(number).objects.append(DetectedObject(label="car", index=1, confidence=0.5, bounding_box=box))
        if number > 5:
            found = DetectedObject(label="person", index=2, confidence=0.9, bounding_box=box)
            labels.frame(number).objects.append(found)
    labels.events.append(VideoEvent(label="shot", index=1, support=Support.of(1, 4)))
    sign = VideoLabels()
    text = CategoricalAttribute(name="text", value="STOP")
    sign.frame(3).objects.append(DetectedObject(label="text", index=7, confidence=0.8, attributes=[text]))
    files = {}
    for job_id, found_labels in (("one", labels), ("two", sign)):
        files[job_id] = folder / f"{job_id}'s.parquet"
        convert(found_labels, "parquet", files[job_id])
    (folder / "other.csv").write_text(SECRET)
    jobs = [{"job_id": job_id, "video_id": f"v-{job_id}", "analytic": "voxel51/x", "name": job_id} for job_id in files]
    return LabelTables([{"video_id": "v-one", "name": "a.mp4", "size_bytes": 10}], jobs, files)


def query(sql: str, tables: LabelTables, folder: Path, suffix: str = ".json", **limits: Any) -> Any:
    scratch = folder / "scratch"
    scratch.mkdir()
    run_query(sql, tables, folder / f"result{suffix}", scratch, QueryLimits(**limits))
    return json.loads((folder / "result.json").read_text()) if suffix == ".json" else folder / f"result{suffix}"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT label, count(*) FROM detections GROUP BY 1 ORDER BY 1", [["car", 10], ["person", 5], ["text", 1]]),
        ("SELECT max(detections) FROM frames WHERE job_id = 'one'", [[2]]),
        ("SELECT label, first_frame, last_frame, detections FROM tracks ORDER BY track LIMIT 2",
         [["car", 1, 10, 10], ["person", 6, 10, 5]]),
        ("SELECT job_id, label, first_frame, last_frame FROM events", [["one", "shot", 1, 4]]),
        ("SELECT text, job_id FROM text", [["STOP", "two"]]),
        ("SELECT v.name, j.name FROM videos v JOIN jobs j USING (video_id)", [["a.mp4", "one"]]),
        ("SELECT x_min, y_max FROM detections LIMIT 1", [[0.1, 0.4]]),
        ("SELECT 'nan'::DOUBLE, DATE '2026-01-02', [1, NULL], 1.5::DECIMAL(4,2)",
         [[None, "2026-01-02", [1, None], 1.5]]),
        ("FROM jobs SELECT count(*)", [[2]]),
        ("WITH a AS (SELECT 1 AS n) SELECT n FROM a;", [[1]]),
    ],
)  # fmt: skip
def test_tables_have_the_labels(sql: str, rows: list[list[Any]], tables: LabelTables, tmp_path: Path) -> None:
    found = query(sql, tables, tmp_path)

    assert found["rows"] == rows
    assert found["is_complete"] is True


def test_results_are_written_as_csv_and_parquet(tables: LabelTables, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "parquet").mkdir()
    sql = "SELECT label, count(*) AS n FROM detections GROUP BY 1 ORDER BY 1"

    as_csv = query(sql, tables, tmp_path / "csv", ".csv")
    as_parquet = query(sql, tables, tmp_path / "parquet", ".parquet")

    with as_csv.open(newline="") as file:
        assert [*csv.reader(file)] == [["label", "n"], ["car", "10"], ["person", "5"], ["text", "1"]]
    assert pyarrow.parquet.read_table(as_parquet).to_pylist()[0] == {"label": "car", "n": 10}


def test_rows_beyond_the_limit_are_left_out(tables: LabelTables, tmp_path: Path) -> None:
    found = query("SELECT * FROM range(100000)", tables, tmp_path, json_rows=15_000)

    assert (len(found["rows"]), found["is_complete"]) == (15_000, False)
    assert found["columns"] == [{"name": "range", "type": "BIGINT"}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM read_csv('https://example.org/a.csv')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY jobs FROM '{secret}'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_external_access = true",
        "RESET lock_configuration",
        "EXPORT DATABASE '{folder}/export'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW detections",
        "DELETE FROM jobs",
        "SELECT 1; SELECT 2",
        "SELECT * FROM variable",
        "SELECT getenv('HOME')",
        "CALL force_checkpoint()",
        "",
    ],
)
def test_nothing_else_is_read_written_or_changed(
    sql: str, tables: LabelTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pyarrow.table({"secret": [SECRET]})
    monkeypatch.setattr("voxel51.labels.sql.query.variable", table, raising=False)  # DuckDB would find it by its name
    folder = next(iter(tables.files.values())).parent
    before = sorted(folder.iterdir())

    with pytest.raises(InvalidQuery) as refused:
        query(sql.format(secret=folder / "other.csv", folder=folder), tables, tmp_path)

    assert SECRET not in str(refused.value)
    assert sorted(folder.iterdir()) == before
    assert not (tmp_path / "result.json").exists() or SECRET not in (tmp_path / "result.json").read_text()


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT no_such FROM jobs", '"no_such" not found'),
        ("SELECT * FROM no_such", "no_such does not exist"),
        ("UPDATE jobs SET name = 'x'", "a query is one SELECT statement"),
    ],
)
def test_wrong_sql_is_explained(sql: str, text: str, tables: LabelTables, tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery, match=text):
        query(sql, tables, tmp_path)


def test_endless_queries_are_interrupted(tables: LabelTables, tmp_path: Path) -> None:
    sql = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7"

    with pytest.raises(InvalidQuery, match=r"took longer than 0\.3 seconds"):
        query(sql, tables, tmp_path, seconds=0.3)


def test_memory_is_limited(tables: LabelTables, tmp_path: Path) -> None:
    sql = "SELECT list(range) FROM range(100000000)"

    with pytest.raises(InvalidQuery, match="more than 60 MB of memory"):
        query(sql, tables, tmp_path, memory_mb=60)


def test_without_jobs_the_tables_are_empty(tmp_path: Path) -> None:
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in ("videos", "jobs", *VIEWS))

    found = query(f"SELECT {counts}", LabelTables([], [], {}), tmp_path)

    assert found["rows"] == [[0, 0, 0, 0, 0, 0, 0]]


def test_csv_has_no_formulas_and_writes_lists_as_json(tables: LabelTables, tmp_path: Path) -> None:
    sql = "SELECT '=1+1' AS \"=x\", '@a' AS a, -1.5 AS b, [1, NULL] AS c, {'k': '=1'} AS d, NULL AS e, true AS f"

    with query(sql, tables, tmp_path, ".csv").open(newline="") as file:
        header, row = [*csv.reader(file)]

    assert header == ["'=x", "a", "b", "c", "d", "e", "f"]
    assert row == ["'=1+1", "'@a", "-1.5", "[1, null]", '{"k": "=1"}', "", "true"]


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "SELECT CAST(CASE WHEN range > 500000 THEN 'x' ELSE '1' END AS INT) FROM range(1000000)",
            "convert string 'x'",
        ),
        ("SELECT INTERVAL 1 DAY", "Cast the column to VARCHAR"),
        ("SELECT union_value(a := 1)", "Cast the column to VARCHAR"),
    ],
)
def test_failures_while_parquet_is_written_are_explained(
    sql: str, text: str, tables: LabelTables, tmp_path: Path
) -> None:
    with pytest.raises(InvalidQuery, match=text):
        query(sql, tables, tmp_path, ".parquet")


def test_rows_beyond_the_limit_are_left_out_of_files(tables: LabelTables, tmp_path: Path) -> None:
    with query("FROM range(25000)", tables, tmp_path, ".csv", rows=12_000).open() as file:
        assert sum(1 for _ in file) == 12_001


def test_tables_of_many_jobs_are_made_fast(tmp_path: Path) -> None:
    videos = [{"video_id": f"v{number}", "name": None, "size_bytes": number} for number in range(10_000)]
    started = time.process_time()

    found = query("SELECT count(*), count(name), sum(size_bytes) FROM videos", LabelTables(videos, [], {}), tmp_path)

    assert found["rows"] == [[10_000, 0, 49_995_000]]
    assert time.process_time() - started < 3.0  # a statement for each row takes 10 seconds
