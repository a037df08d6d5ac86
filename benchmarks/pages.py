"""Pages of the console, opened with an empty cache, from an installed wheel.

The sign-in page at set round-trip times: the bundled console alternates with the plain modules that it is made from,
which a clone without Node serves. The page of a job, opened when the job is complete, until the first frame of the
video is drawn: a platform that prepares renditions alternates with one that makes them on request.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.support.figures import Figure
from benchmarks.support.installed_wheel import install_wheel, without_bundle
from benchmarks.support.page_loads import PageLoad, Visitor, chromium, load_page
from demo.platform_process import PlatformProcess
from demo.unpacked_wheel import path_with
from footage.fetch import fetch
from voxel51.users.jobs import JobRequest

RUNS = 7
VIDEO = "bikes.mp4"
ANALYTIC = "voxel51/motion-tracks"
GOALS = {0: "", 100: "≤ 1.5 s", 562: "≤ 5 s"}
"""Goals for the time to content, by round-trip time in milliseconds."""


def _modules(installed: Path) -> dict[str, str]:
    """Return the variables with which a platform takes its modules from ``installed``."""
    return {"PYTHONPATH": path_with(installed)}


def measure() -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxel51-bench-")))
        bundled = install_wheel(folder)
        ours, plain, on_request = (
            _visitor(stack, folder / name, environment)
            for name, environment in (
                ("bundled", _modules(bundled)),
                ("plain-modules", _modules(without_bundle(bundled))),
                ("on-request", {**_modules(bundled), "VOXEL51_SERVER_PREPARE_RENDITIONS": "0"}),
            )
        )
        browser = stack.enter_context(chromium())
        signed_out = [ours.signed_out(), plain.signed_out()]
        sign_in = [figure for round_trip_ms in GOALS for figure in _sign_in_page(browser, signed_out, round_trip_ms)]
        return [*sign_in, _first_frame(browser, ours, on_request, folder)]


def _visitor(stack: ExitStack, folder: Path, environment: dict[str, str]) -> Visitor:
    """Start a platform that has an account, without which its sign-in page would ask for the first one."""
    platform = stack.enter_context(PlatformProcess(folder, environment=environment))
    return Visitor.sign_up(platform.url)


def _first_frame(browser: Browser, prepared: Visitor, on_request: Visitor, folder: Path) -> Figure:
    rounds = [[_job_page(browser, each, folder).seconds for each in (prepared, on_request)] for _ in range(RUNS)]
    ours, other = (list(seconds) for seconds in zip(*rounds, strict=True))
    return Figure("job page: first frame", "s", ours, "renditions on request", other, "≤ 1.5 s")


def _job_page(browser: Browser, visitor: Visitor, folder: Path) -> PageLoad:
    """Upload a video and run a job on it; return how its page loads."""
    with visitor.client(folder) as api:
        request = JobRequest(ANALYTIC)
        request.set_input("video", data_id=api.upload_data(str(fetch() / VIDEO))["id"])
        job_id = api.upload_job_request(request, "bench", auto_start=True)["id"]
        api.wait_until_job_completes(job_id, sleep_time=0.1)
    return load_page(browser, visitor, f"/jobs/{job_id}", '.screen[data-frame="1"]', 0)


def _sign_in_page(browser: Browser, visitors: Sequence[Visitor], round_trip_ms: int) -> list[Figure]:
    rounds = [[load_page(browser, each, "/sign-in", "h1", round_trip_ms) for each in visitors] for _ in range(RUNS)]
    bundled, plain = (list(loads) for loads in zip(*rounds, strict=True))
    title = f"sign-in page, {round_trip_ms} ms round trip"
    content = Figure(f"{title}: content", "s", *_compared("seconds", bundled, plain), GOALS[round_trip_ms])
    if round_trip_ms:
        return [content]
    return [
        content,
        Figure("sign-in page: requests", "", *_compared("requests", bundled, plain), "≤ 16"),
        Figure("sign-in page: transferred", "KB", *_compared("kilobytes", bundled, plain), "≤ 45"),
    ]


def _compared(
    quantity: str, bundled: Sequence[PageLoad], plain: Sequence[PageLoad]
) -> tuple[list[float], str, list[float]]:
    ours, other = ([float(getattr(load, quantity)) for load in loads] for loads in (bundled, plain))
    return ours, "plain modules", other
