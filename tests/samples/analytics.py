"""Sample analytics, correct and faulty, installed for a test by `samples.installed.install`."""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from samples.documents import a_document, a_parameter, an_input, an_output
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidInput

LABELS = an_output("labels", "labels.json")


def no_op(job):
    job.output("labels").write_text("{}")


def echo(job):
    """Write the inputs and parameters of the job to its output."""
    job.message("echoing")
    job.warn("an echo is not an analysis")
    job.record_amount(3, 0.25, 5)
    job.record_input("video", {"frame_size": [4, 2]})
    seen = {
        "inputs": {name: [path.name, path.read_text()] for name, path in job.inputs.items()},
        "parameters": {n: p.read_text() if isinstance(p, Path) else p for n, p in job.parameters.items()},
    }
    print("printed by the analytic", flush=True)
    job.output("labels").write_text(json.dumps(seen))


def surroundings(_job):
    """Print the environment, descriptors and folder of the process."""
    descriptors = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    seen = {
        "environment": dict(os.environ),
        "descriptors": {path.name: str(path.readlink()) for path in descriptors},
        "folder": str(Path.cwd()),
        "group": os.getpgid(0) == os.getpid() == os.getsid(0),
        "umask": os.umask(0o077),
        "threads": threading.active_count(),
    }
    print(f"SURROUNDINGS {json.dumps(seen)}", flush=True)


def crash(_job):
    raise RuntimeError("this analytic is broken")


def blame_input(_job):
    raise InvalidInput("the video v.mp4 holds no frames")


def segfault(_job):
    print("about to fall", flush=True)
    ctypes.string_at(0)


def sleep(_job):
    print("sleeping", flush=True)
    while True:
        time.sleep(3600)


def eat_memory(_job):
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def burn(_job):
    while True:
        pass


def chatter(_job):
    line = b"0123456789abcde\n" * 65536
    for _ in range(3):
        os.write(1, line)
    os.write(1, b"the last line\n")


def leave_behind(_job):
    """Start processes that outlive the job: in its group, in a session of their own, and a daemon.

    The folder of the job among their arguments tells them apart from others.
    """
    waiting = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(3600)", LEFT, str(Path.cwd())]
    here = subprocess.Popen(waiting)
    away = subprocess.Popen(waiting, start_new_session=True)
    daemon = [sys.executable, "-I", "-S", "-c", DAEMON, LEFT, str(Path.cwd())]
    twice = int(subprocess.run(daemon, capture_output=True, text=True, check=True).stdout)
    running = [pid for pid in (here.pid, away.pid, twice) if Path(f"/proc/{pid}").exists()]
    print(f"LEFT {len(running)}", flush=True)


def leave_behind_and_stay(job):
    leave_behind(job)
    sleep(job)


def late_imports(_job):
    """Print the modules that were imported after this one."""
    print(f"LATE {sorted(set(sys.modules) - IMPORTED)}", flush=True)


LEFT = "left-behind"
DAEMON = """
import os, time
pid = os.fork()
if pid:
    print(pid)
else:
    os.setsid()
    os.closerange(0, 3)
    time.sleep(3600)
"""


def exit_without_output(_job):
    os._exit(0)


def exit_politely(_job):
    sys.exit(0)


def leave_nothing(_job):
    return


def archive(job):
    job.output("labels").write_text("{}")
    folder = job.output("frames")
    folder.mkdir()
    (folder / "1.txt").write_text("one")


def post(job):
    job.output("clip").write_text("a clip")


def progress_forever(job):
    count = 0
    while True:
        count += 1
        job.progress(count)
        time.sleep(0.01)


def _sample(name, process, outputs=(), **more):
    return Analytic(a_document(name, outputs=outputs, **more), process)


NO_OP = _sample("no-op", no_op, [LABELS])
ECHO = _sample(
    "echo",
    echo,
    [LABELS],
    inputs=[an_input("video")],
    parameters=[a_parameter("factor", default=2), a_parameter("weights_file")],
)
SURROUNDINGS = _sample("surroundings", surroundings)
CRASH = _sample("crash", crash)
BLAME_INPUT = _sample("blame-input", blame_input)
SEGFAULT = _sample("segfault", segfault)
SLEEP = _sample("sleep", sleep)
EAT_MEMORY = _sample("eat-memory", eat_memory)
BURN = _sample("burn", burn)
CHATTER = _sample("chatter", chatter)
LEAVE_BEHIND = _sample("leave-behind", leave_behind)
LEAVE_BEHIND_AND_STAY = _sample("leave-behind-and-stay", leave_behind_and_stay)
EXIT_WITHOUT_OUTPUT = _sample("exit-without-output", exit_without_output, [LABELS])
EXIT_POLITELY = _sample("exit-politely", exit_politely, [LABELS])
LEAVE_NOTHING = _sample("leave-nothing", leave_nothing, [LABELS])
ARCHIVE = _sample("archive", archive, [LABELS, an_output("frames", "frames")], zip_outputs=True)
POST = _sample("post", post, [an_output("clip", "clip.mp4", post_as_data=True)])
PROGRESS_FOREVER = _sample("progress-forever", progress_forever)
LATE_IMPORTS = _sample("late-imports", late_imports)
IMPORTED = set(sys.modules) | {__name__}
