"""``make demo``: start a platform, analyse a real video on it through the client library, and show what was found."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from demo.failure import DemoFailed
from demo.jobs import analyse
from demo.platform_process import PlatformDied, PlatformProcess
from demo.results import Results, leave_results
from demo.video import find_video
from voxel51.cli.live import ProgressDisplay
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
USER = "demo"


def main() -> int:
    """Returns the exit code: 0, or 1 with one line on standard error, or 130 when it was interrupted."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("video", nargs="?", type=Path, help="a video of your own; default: a street scene")
    # Who ends the demo by SIGTERM gets the same tidy end as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    board = ProgressDisplay()
    try:
        run(find_video(parser.parse_args().video), board)
    except (DemoFailed, PlatformDied, APIError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; nothing is left running", file=sys.stderr)
        return 130
    return 0


def run(video: Path, board: ProgressDisplay) -> None:
    """The demo from start to summary. The platform and its data are gone when this returns or raises."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voxel51-demo-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data") as platform:
            board.say(f"The platform answers at {platform.url}")
            token = platform.create_user(USER, folder / "api-token.json")
            with API(token=Token.from_json(str(token))) as api:
                labels = analyse(api, video, OUTPUT, board)
    seconds = time.monotonic() - started
    board.say("Drawing what was found")
    results = leave_results(video, labels, OUTPUT)
    board.say(summary(video, results, seconds))


def summary(video: Path, results: Results, seconds: float) -> str:
    """Return the summary that is printed at the end."""
    objects = [f"    {label:<14} {count:>3}" for label, count in results.tracks_by_label.items()] or ["    none"]
    files = [f"    {path.relative_to(ROOT)}" for path in results.files]
    return "\n".join(
        [
            "",
            f"Found in {video.name} ({results.frame_count} frames), {seconds:.1f} s from start to labels:",
            f"  shots: {len(results.shots)}, beginning at frames {', '.join(map(str, results.shots))}",
            "  tracked objects:",
            *objects,
            "  files:",
            *files,
            "",
            "To run the platform for good, and look at your own videos in a browser:",
            "    make serve",
            "    http://127.0.0.1:5151",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
