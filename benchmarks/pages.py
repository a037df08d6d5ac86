"""Pages of the console, opened with an empty cache at set round-trip times, from an installed wheel.

The bundled console alternates with the plain modules that it is made from, which a clone without Node serves.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.support.figures import Figure
from benchmarks.support.installed_wheel import install_wheel, path_with, without_bundle
from benchmarks.support.page_loads import PageLoad, Visitor, chromium, load_page
from demo.platform_process import PlatformProcess

RUNS = 7
GOALS = {0: "", 100: "≤ 1.5 s", 562: "≤ 5 s"}
"""Goals for the time to content, by round-trip time in milliseconds."""


def measure() -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxel51-bench-")))
        installed = install_wheel(folder)
        sources = (installed, without_bundle(installed))
        visitors = [_visitor(stack, folder / source.name / "data", source) for source in sources]
        browser = stack.enter_context(chromium())
        return [figure for round_trip_ms in GOALS for figure in _sign_in_page(browser, visitors, round_trip_ms)]


def _visitor(stack: ExitStack, data: Path, installed: Path) -> Visitor:
    """Start a platform that has an account, without which its sign-in page would ask for the first one."""
    platform = stack.enter_context(PlatformProcess(data, environment=path_with(installed)))
    return Visitor.sign_up(platform.url).signed_out()


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
