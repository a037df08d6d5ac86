"""The same analytic gives the same labels, byte for byte, wherever it runs."""

import os
from pathlib import Path

from footage.fetch import fetch
from support.accounts import User
from support.bundles import deployed
from support.platforms import INSTALLED, StartPlatform
from voxel51.cli.main import main
from voxel51.labels.media.playable import VideoRange, playable_video
from voxel51.platform.entry_points import load_analytic
from voxel51.platform.local import run
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

SOURCE = Path(__file__).parents[2] / "examples" / "one-file" / "red_cars.py"


def install(folder: Path) -> Path:
    """Write a package with the analytic, under the owner ``packaged``, and return its folder."""
    information = folder / "packaged_red_cars-1.0.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: packaged-red-cars\nVersion: 1.0.0\n")
    (information / "entry_points.txt").write_text(
        "[voxel51.analytics]\npackaged/red-cars = packaged_red_cars:red_cars\n"
    )
    (folder / "packaged_red_cars.py").write_bytes(SOURCE.read_bytes())
    return folder


def test_local_run_process_and_bundle_give_equal_bytes(start_platform: StartPlatform, tmp_path: Path) -> None:
    video = tmp_path / "cars.mp4"
    playable_video(fetch() / "bikes.mp4", video, video_range=VideoRange(first=1, last=40))
    in_process = run(load_analytic(str(SOURCE)), {"video": video}, {}, tmp_path / "in-process").outputs["labels"]
    assert main(["analytics", "run", str(SOURCE), str(video), "--out", str(tmp_path / "sandboxed")]) == 0
    paths = os.pathsep.join([str(install(tmp_path / "packages")), str(INSTALLED)])
    platform = start_platform(environment={"PYTHONPATH": paths})
    user = User.create(platform, tmp_path)
    deployed(user, SOURCE.read_bytes(), SOURCE.name)

    found = {"in process": in_process.read_bytes()}
    found["sandboxed"] = (tmp_path / "sandboxed" / "cars.red-cars.json").read_bytes()
    with API(token=Token.from_json(str(user.token))) as api:
        data = api.upload_data(str(video))
        for name in ("packaged/red-cars", f"{user.name}/red-cars"):
            request = JobRequest(name)
            request.set_input("video", data_id=data["id"])
            job = api.upload_job_request(request, name, auto_start=True)
            api.wait_until_job_completes(job["id"])
            api.download_job_output(job["id"], str(tmp_path / "labels.json"))
            found[name] = (tmp_path / "labels.json").read_bytes()

    assert len(found) == 4
    assert b'"red"' in found["in process"]
    assert {name for name, content in found.items() if content != found["in process"]} == set()
