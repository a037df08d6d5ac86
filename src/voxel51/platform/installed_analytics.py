"""What analytics are installed here: ``python -m voxel51.platform.installed_analytics`` prints it as one JSON document.

The platform's server runs this as a child, so that it never imports the code of an analytic. The document is
``{"analytics": [...]}``, an object per entry point of the group ``voxel51.analytics`` in the order of their names:

- ``name``: ``<owner>/<name>``
- ``document``, ``digest``: the manifest, and the SHA-256 of its canonical JSON (sorted keys, no spaces, UTF-8)
- ``preload``: modules that it wants imported before jobs are forked
- ``preload_safe``: whether a process that has imported it and these still has one thread
- ``error``: instead of the last four, why it cannot be used

Each is looked at in a child of its own, so one that is broken, or crashes, hides no other.
"""

import hashlib
import json
import os
import sys
import traceback
from importlib import import_module
from typing import Any

from voxel51.platform.analytic import analytic_entry_points, load_analytic
from voxel51.platform.process_control import thread_count
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.manifests import problems_of

SHARED = ("numpy", "cv2", "av", "scipy.optimize")
"""What most analytics import: imported once, and the children that look at one each inherit it."""


def describe_all() -> dict[str, Any]:
    """The document that is printed. It forks: to be called in a process of one thread."""
    if _can_be_shared():
        for module in SHARED:
            import_module(module)
    return {"analytics": [{"name": name, **_in_a_child(name)} for name in sorted(analytic_entry_points())]}


def describe(name: str) -> dict[str, Any]:
    """What one analytic says of itself. Imports its code.

    Raises:
        Exception: whatever importing it raises; `ValueError` where its document will not do.
    """
    analytic = load_analytic(name)
    for module in analytic.preload:
        import_module(module)
    problems = problems_of(analytic.document)
    if problems:
        raise ValueError(f"the document of {name!r} will not do: {'; '.join(problems)}")
    return {
        "document": analytic.document,
        "digest": digest(analytic.document),
        "preload": list(analytic.preload),
        "preload_safe": thread_count() == 1,
    }


def digest(document: AnalyticDocument) -> str:
    """SHA-256 of a manifest, the same however its text is laid out."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _can_be_shared() -> bool:
    """Whether all of `SHARED` is there and starts no threads, as a child finds out that it may take with it."""
    pid = os.fork()
    if pid == 0:
        try:
            for module in SHARED:
                import_module(module)
        except BaseException:  # whatever it is, the analytics that need it will say so themselves
            os._exit(1)
        os._exit(0 if thread_count() == 1 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _in_a_child(name: str) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(2, 1)  # what an import prints is not part of the document
        _answer(name, writing)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:  # noqa: PTH123  (a descriptor)
        text = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not text:
        return {"error": f"importing it ended the process with {'signal' if status < 0 else 'code'} {abs(status)}"}
    described: dict[str, Any] = json.loads(text)
    return described


def _answer(name: str, writing: int) -> None:
    try:
        answer = json.dumps(describe(name))
    except BaseException as error:  # also SystemExit: an import does not decide what is told of the others
        traceback.print_exc()
        answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
    with open(writing, "w", encoding="utf-8") as pipe:
        pipe.write(answer)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe_all(), indent=2) + "\n")
