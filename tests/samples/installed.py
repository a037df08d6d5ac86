"""Installation of the sample analytics for one test: a distribution of a few text files in a folder."""

from pathlib import Path

SAMPLES = Path(__file__).parents[1]

ENTRIES = {
    name: f"samples.analytics:{name.upper().replace('-', '_')}"
    for name in (
        "no-op", "echo", "surroundings", "crash", "blame-input", "segfault", "sleep", "eat-memory", "burn", "chatter",
        "leave-behind", "leave-behind-and-stay", "exit-without-output", "exit-politely", "leave-nothing", "archive",
        "post", "progress-forever", "late-imports",
    )
} | {"hostile": "samples.hostile:HOSTILE", "connect": "samples.network:CONNECT"} | {
    "warm": "samples.warm:Warm", "warm-broken": "samples.warm:WarmBroken", "warm-greedy": "samples.warm:WarmGreedy",
    "warm-threads": "samples.warm:WarmThreads",
} | {
    name: f"samples.greedy:{name.upper().replace('-', '_')}"
    for name in (
        "many-processes", "fork-bomb", "memory-by-many", "memory-by-escaped", "fill-scratch", "fill-scratch-by-escaped",
        "fill-scratch-unseen", "many-files", "nest-folders", "nest-folders-beyond-paths", "write-much",
    )
}  # fmt: skip

BROKEN = {
    "broken-import": ("broken_import", "raise RuntimeError('cannot be imported')\n"),
    "broken-exit": ("broken_exit", "import os\nos._exit(3)\n"),
    "broken-kind": ("broken_kind", "ANALYTIC = 'a string'\n"),
    "threaded": (
        "threaded",
        "import threading, time; from samples.analytics import NO_OP as ANALYTIC\n"  # noqa: ISC004  (one text)
        "threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n",
    ),
}


HANGING = {"hanging": ("hanging", "import time\ntime.sleep(3600)\n")}

_SLOW = """
import time
from samples.analytics import NO_OP as ANALYTIC
while time.process_time() < 0.7:
    time.sleep(0.03)
    end = time.process_time() + 0.01
    while time.process_time() < end:
        pass
"""
SLOW = {"slow": ("slow", _SLOW), "spinning": ("spinning", "while True: pass")}
"""One that gets a quarter of a processor, as on a busy machine, and one that never ends."""


def install(folder: Path, broken: bool = False, hanging: bool = False, slow: bool = False) -> list[Path]:
    """Write the distribution into ``folder``, and return the folders to add to the module path."""
    information = folder / "voxel51_samples-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: voxel51-samples\nVersion: 1.0\n")
    lines = [f"samples/{name} = {target}" for name, target in ENTRIES.items()]
    faulty = (BROKEN if broken else {}) | (HANGING if hanging else {}) | (SLOW if slow else {})
    for name, (module, text) in faulty.items():
        (folder / f"{module}.py").write_text(text)
        lines.append(f"samples/{name} = {module}:ANALYTIC")
    (information / "entry_points.txt").write_text("\n".join(["[voxel51.analytics]", *lines, ""]))
    return [folder, SAMPLES]
