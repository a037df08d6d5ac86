"""Texts and notebook views of clients, requests and results: short, and without secrets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from voxel51.apps.api import ApplicationAPI
from voxel51.apps.auth import ApplicationToken
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.batch_results import BatchResults
from voxel51.users.collection_handles import CollectionHandle
from voxel51.users.jobs import JobRequest
from voxel51.users.notebook_media import Picture, Player
from voxel51.users.record_views import view_of
from voxel51.users.running import RunResult
from voxel51.users.sql_results import SqlResult
from voxel51.wire.collections import Collection, CollectionRole
from voxel51.wire.job_batches import JobBatch
from voxel51.wire.jobs import JobRecord

JOB: JobRecord = {"id": "j1", "name": "<b>street</b>", "state": "COMPLETE", "analytic": "voxel51/object-tracks"}


@pytest.mark.parametrize("client", [API, AsyncAPI])
def test_a_client_shows_its_platform_and_no_secret(client: type[API]) -> None:
    api = client(Token.from_private_key("top-secret", "http://user:password@host:5151"))

    assert repr(api) == f"{client.__name__}('http://host:5151/v1', token_id=None)"


def test_an_application_shows_its_active_user() -> None:
    api = ApplicationAPI(ApplicationToken.from_private_key("top-secret", "http://host"))
    api.with_user("alice")

    assert repr(api) == "ApplicationAPI('http://host/v1', token_id=None, active_user='alice')"


def test_a_request_shows_what_it_requests() -> None:
    request = JobRequest("voxel51/object-tracks", version="1.0")
    request.set_input("video", data_id="d1")
    request.set_parameter("confidence", 0.5)

    assert repr(request) == (
        "JobRequest('voxel51/object-tracks', version='1.0', inputs={'video': RemoteDataPath(data_id='d1')}, "
        "parameters={'confidence': 0.5})"
    )


def test_a_result_is_a_poster_a_table_and_a_link_in_notebooks() -> None:
    result = RunResult(JOB, {"video": "d1"}, Path("labels.json"), "http://host/jobs/j1", lambda _data_id: b"jpeg")

    html = result._repr_html_()

    assert '<img src="data:image/jpeg;base64,anBlZw=="' in html
    assert '<a href="http://host/jobs/j1"' in html
    assert "<td>labels.json</td>" in html
    assert "&lt;b&gt;street&lt;/b&gt;" in html
    assert "poster" not in repr(result)


def test_a_result_without_a_poster_is_shown_all_the_same() -> None:
    def refuse(_data_id: str) -> bytes:
        raise OSError

    for poster in (None, refuse):
        assert "<img" not in RunResult(JOB, {"video": "d1"}, None, None, poster)._repr_html_()


NAME = '<img src=x onerror="alert(1)">'
COUNTS = {"waiting": 0, "active": 1, "complete": 4, "reused": 0, "failed": 2, "cancelled": 0}


@pytest.mark.parametrize(
    ("record", "address", "text"),
    [
        ({"id": "d", "name": NAME, "size": 7, "type": "video/mp4"}, "http://host/data/d", "<td>video/mp4</td>"),
        ({**JOB, "id": "j", "name": NAME, "output_filename": "a"}, "http://host/jobs/j", "<td>COMPLETE</td>"),
        ({"id": "b", "name": NAME, "parameter_sets": [{}], "counts": COUNTS}, "http://host/jobs/batches/b",
         "<td>complete</td><td>4</td>"),
        ({"id": "c", "name": NAME, "data_count": 3}, "http://host/collections/c", "<td>3</td>"),
    ],
)  # fmt: skip
def test_records_are_tables_with_a_link_in_notebooks_and_all_texts_are_escaped(
    record: dict[str, object], address: str, text: str
) -> None:
    html = view_of(record, "http://host/", lambda _data_id: b"jpeg")._repr_html_()

    assert f'href="{address}"' in html
    assert text in html
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert ("data:image/jpeg;base64,anBlZw==" in html) == ("size" in record)


def test_record_without_a_view_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no view of a record with the fields \['id', 'nothing'\]"):
        view_of({"id": 1, "nothing": 2}, "http://host", None)


def test_collection_runs_an_analytic_on_its_data_as_a_batch() -> None:
    record: Collection = {
        "id": "c1", "name": "street", "description": "", "owner": "alice", "role": CollectionRole.OWNER,
        "data_count": 2, "is_count_exact": True, "created_at": "2026-11-30T12:00:00Z",
    }  # fmt: skip
    started: list[Any] = []
    handle: CollectionHandle[JobBatch] = CollectionHandle(record, lambda flow: started.append(flow) or {})  # type: ignore[arg-type, func-returns-value, return-value]

    handle.run("voxel51/shot-detection", {"threshold": 20}, max_running=3)

    call = next(started[0]).call
    assert (call.method, call.path) == ("POST", "batches")
    body = json.loads(call.body)
    assert body["selection"] == {"query": {"search": "collection:c1"}}
    assert (body["parameters"], body["max_running"]) == ({"threshold": 20}, 3)
    assert handle["name"] == "street"
    assert "<td>street</td>" in handle._repr_html_()


def test_result_becomes_tables_and_detections(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    labels = VideoLabels(metadata=VideoMetadata(total_frame_count=3, frame_size=(100, 50)))
    labels.frame(2).objects.append(
        DetectedObject(label="car", index=1, confidence=0.5, bounding_box=BoundingBox(0.1, 0.2, 0.5, 0.6))
    )
    labels.to_file(path)
    result = RunResult(JOB, {}, path)

    assert [*result.to_pandas()["label"]] == ["car"]
    assert result.to_supervision(2).xyxy.tolist() == [[10, 10, 50, 30]]
    assert len(result.to_supervision(1)) == 0
    VideoLabels().to_file(tmp_path / "empty.json")
    empty = RunResult(JOB, {}, tmp_path / "empty.json").to_pandas()
    assert [*empty.columns] == [*result.to_pandas().columns]
    with pytest.raises(ValueError, match="'j1' has no output"):
        RunResult(JOB, {}, None).to_pandas()


def test_result_shows_frames_and_a_player_that_are_part_of_the_notebook() -> None:
    asked: list[tuple[str, str, Mapping[str, object]]] = []

    def rendition(job_id: str, kind: str, arguments: Mapping[str, object]) -> bytes:
        asked.append((job_id, kind, arguments))
        return b"\xff\xd8jpeg" if kind != "annotated" else b"mp4"

    result = RunResult(JOB, {}, None, None, None, rendition)

    assert result.frame(7, width=320)._repr_mimebundle_() == {
        "image/jpeg": "/9hqcGVn", "text/plain": "Picture(title='frame 7')"
    }  # fmt: skip
    assert result.sheet().media_type == "image/jpeg"
    assert 'src="data:video/mp4;base64,bXA0"' in result.player(width=300)._repr_html_()
    assert asked == [("j1", "frame", {"number": 7, "width": 320}), ("j1", "sheet", {}), ("j1", "annotated", {})]


def test_result_without_a_blocking_client_has_no_pictures() -> None:
    with pytest.raises(ValueError, match="use download_job_rendition instead"):
        RunResult(JOB, {}, None).frame(1)


def test_player_refuses_a_video_that_is_too_large_for_a_notebook() -> None:
    with pytest.raises(ValueError, match="30000001 bytes, too many for a notebook"):
        Player(b"0" * 30_000_001)


def test_picture_is_saved_with_its_bytes(tmp_path: Path) -> None:
    picture = Picture(b"\x89PNG...", "chart")
    picture.save(tmp_path / "chart.png")

    assert (tmp_path / "chart.png").read_bytes() == b"\x89PNG..."
    assert picture.media_type == "image/png"


def test_results_of_a_batch_are_one_table(tmp_path: Path) -> None:
    labels = VideoLabels()
    labels.frame(2).objects.append(DetectedObject(label="car", bounding_box=BoundingBox(0.1, 0.2, 0.5, 0.6)))
    labels.to_file(tmp_path / "found.json")
    VideoLabels().to_file(tmp_path / "empty.json")
    items: Any = [
        {"data_id": "d1", "filename": NAME, "job_id": "j1", "state": "COMPLETE", "labels": {"car": 1}},
        {"data_id": "d2", "filename": None, "job_id": "j2", "state": "REUSED", "labels": {}},
    ]
    found, nothing = (RunResult(JOB, {}, tmp_path / name) for name in ("found.json", "empty.json"))
    batch: Any = {"id": "b", "name": "street"}
    results = BatchResults(batch, items, [found, nothing])

    table = results.to_pandas()
    html = results._repr_html_()

    assert table[["filename", "data_id", "job_id", "label"]].values.tolist() == [[NAME, "d1", "j1", "car"]]
    assert [*BatchResults(batch, items[1:], [nothing]).to_pandas().columns] == [*table.columns]
    assert repr(results) == "BatchResults('street', 2 results)"
    assert (len(results), [*results], results[1]) == (2, [found, nothing], nothing)
    assert "<td>1 car</td>" in html
    assert "<td>reused</td><td>nothing</td>" in html
    assert "<img src=x" not in html


def test_rows_of_a_query_are_a_table_of_the_first_ones() -> None:
    html = SqlResult(["label"], [[NAME], *([str(number)] for number in range(30))], True)._repr_html_()

    assert "<img src=x" not in html
    assert "<td>18</td>" in html
    assert "<td>19</td>" not in html
    assert "11 more rows" in html
