"""Jobs of the demo, as a user of the client library would write them: upload, run two analytics, wait, download."""

import time
from collections.abc import Mapping
from pathlib import Path

from demo.failure import DemoFailed
from voxel51.cli.live import ProgressDisplay
from voxel51.users.api import API
from voxel51.users.jobs import JobRequest, JobState

ANALYTICS = ("voxel51/shot-detection", "voxel51/object-tracks")
POLL_SECONDS = 0.25
TIME_LIMIT_SECONDS = 3600


def analyse(api: API, video: Path, folder: Path, board: ProgressDisplay) -> dict[str, Path]:
    """Upload ``video``, run `ANALYTICS` on it at the same time, and return short name -> path of its labels.

    Raises:
        DemoFailed: a job failed, or took longer than `TIME_LIMIT_SECONDS`.
    """
    offered = ", ".join(sorted(analytic["name"] for analytic in api.list_analytics()))
    board.say(f"It offers {offered}")
    data_id = upload(api, video, board)
    board.say("Running")
    jobs = {analytic.partition("/")[2]: start(api, analytic, data_id) for analytic in ANALYTICS}
    watch(api, jobs, board)
    return {name: Path(api.download_job_output(job_id, folder / f"{name}.json")) for name, job_id in jobs.items()}


def upload(api: API, video: Path, board: ProgressDisplay) -> str:
    """Upload ``video`` and return the id of its data."""
    size_bytes = video.stat().st_size
    board.say(f"Uploading {video.name} ({size_bytes / 1e6:.1f} MB)")

    def show(sent_bytes: int, total_bytes: int | None) -> None:
        board.show("upload", "", sent_bytes / (total_bytes or size_bytes or 1))

    return api.upload_data(str(video), progress=show)["id"]


def start(api: API, analytic: str, data_id: str) -> str:
    """Start ``analytic`` on the video and return the id of its job."""
    request = JobRequest(analytic)
    request.set_input("video", data_id=data_id)
    return api.upload_job_request(request, f"demo of {analytic}", auto_start=True)["id"]


def watch(api: API, jobs: Mapping[str, str], board: ProgressDisplay) -> None:
    """Show the progress of ``jobs`` (name -> id) until all are complete."""
    waiting = dict(jobs)
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    while waiting:
        for name, job_id in list(waiting.items()):
            state = api.get_job_state(job_id)
            if state == JobState.FAILED:
                raise DemoFailed(f"{name} failed: {reason(api, job_id)}")
            show_progress(api, name, job_id, state, board)
            if state == JobState.COMPLETE:
                del waiting[name]
        if time.monotonic() > deadline:
            raise DemoFailed(f"still running after {TIME_LIMIT_SECONDS / 60:.0f} minutes: {', '.join(waiting)}")
        time.sleep(POLL_SECONDS if waiting else 0)


def show_progress(api: API, name: str, job_id: str, state: str, board: ProgressDisplay) -> None:
    """Show one line about a job from its status."""
    progress = api.get_job_status(job_id).get("progress", {})
    done, total = progress.get("frames_done"), progress.get("frames_total")
    detail = f"{done} of {total} frames" if done is not None and total else ""
    fraction = 1.0 if state == JobState.COMPLETE else progress.get("fraction")
    board.show(name, state.lower(), fraction, detail)


def reason(api: API, job_id: str) -> str:
    """Return the last message of a failed job."""
    messages = api.get_job_status(job_id)["messages"]
    return messages[-1]["message"] if messages else "no reason was given"
