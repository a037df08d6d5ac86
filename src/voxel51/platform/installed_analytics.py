"""Installed analytics: ``python -m voxel51.platform.installed_analytics`` prints them as one JSON document.

The server runs this as a child process, so that it never imports the code of an analytic. The document is
``{"analytics": [...]}``, with one object per entry point of the group ``voxel51.analytics``, sorted by name:

- ``name``: ``<owner>/<name>``
- ``document``, ``digest``: the manifest, and the SHA-256 of its canonical JSON (sorted keys, no spaces, UTF-8)
- ``preload``: modules to import before jobs are forked
- ``preload_safe``: whether a process that has imported the analytic and these modules still has one thread
- ``error``: instead of the last four, the reason why the analytic cannot be used

Each analytic is imported in a child of its own, so that a broken one, or one that crashes, does not hide others.
"""

import hashlib
import json
import os
import sys
import traceback
from importlib import import_module

from voxel51.labels.field_types import JsonValue
from voxel51.platform.analytic import analytic_entry_points, load_analytic
from voxel51.runners.process_control import thread_count
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.manifests import problems_of

SHARED = ("numpy", "cv2", "av", "scipy.optimize")
"""Modules that most analytics import: imported once, and inherited by the children that import one analytic each."""


def describe_all() -> dict[str, JsonValue]:
    """Return the document that is printed. The function forks: call it in a process with one thread."""
    if _can_be_shared():
        for module in SHARED:
            import_module(module)
    return {"analytics": [{"name": name, **_in_a_child(name)} for name in sorted(analytic_entry_points())]}


def describe(name: str) -> dict[str, JsonValue]:
    """Import the analytic ``name`` and return its description.

    Raises:
        Exception: any exception that importing it raises; `ValueError` if its manifest is invalid.
    """
    analytic = load_analytic(name)
    for module in analytic.preload:
        import_module(module)
    problems = problems_of(analytic.document)
    if problems:
        raise ValueError(f"the manifest of {name!r} is invalid: {'; '.join(problems)}")
    return {
        "document": analytic.document,
        "digest": digest(analytic.document),
        "preload": list(analytic.preload),
        "preload_safe": thread_count() == 1,
    }


def digest(document: AnalyticDocument) -> str:
    """Return the SHA-256 of a manifest, independent of the layout of its text."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _can_be_shared() -> bool:
    """Return whether all of `SHARED` can be imported without starting threads. A child tries it, because a crash ends
    it.
    """
    pid = os.fork()
    if pid == 0:
        try:
            for module in SHARED:
                import_module(module)
        except BaseException:  # the analytics that need the module report the error themselves
            os._exit(1)
        os._exit(0 if thread_count() == 1 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _in_a_child(name: str) -> dict[str, JsonValue]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(2, 1)  # output of an import is not part of the document
        _write_description(name, writing)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as description:  # noqa: PTH123  (a descriptor)
        text = description.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not text:
        return {"error": f"importing it ended the process with {'signal' if status < 0 else 'code'} {abs(status)}"}
    described: dict[str, JsonValue] = json.loads(text)
    return described


def _write_description(name: str, writing: int) -> None:
    try:
        description = json.dumps(describe(name))
    except BaseException as error:  # also SystemExit: one import must not end the listing of the others
        traceback.print_exc()
        description = json.dumps({"error": f"{type(error).__name__}: {error}"})
    with open(writing, "w", encoding="utf-8") as pipe:
        pipe.write(description)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe_all(), indent=2) + "\n")
