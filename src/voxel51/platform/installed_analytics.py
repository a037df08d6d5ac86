"""Installed analytics: ``python -m voxel51.platform.installed_analytics`` prints them as one JSON document.

The server runs this as a child process, so that it never imports the code of an analytic. The document is
``{"version", "analytics": [...]}``: the version of this package, and one object per entry point of the group
``voxel51.analytics``, sorted by name:

- ``name``: ``<owner>/<name>``
- ``document``, ``digest``: the manifest, and the SHA-256 of its canonical JSON (sorted keys, no spaces, UTF-8)
- ``preload``: modules to import before jobs are forked
- ``preload_safe``: whether a process that has imported the analytic and these modules still has one thread
- ``weights``: parameter -> value -> the weights of which a job takes the first that is present: ``name``, ``licence``,
  ``accuracy``, ``filename``, ``sha256`` of the accepted files, and ``included_sha256`` of the one that is installed
  with the platform, or null
- ``error``: instead of the last five, the reason why the analytic cannot be used

Each analytic is imported in a child of its own, so that one that is broken, crashes or hangs does not hide others.
"""

import argparse
import hashlib
import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module

import voxel51
from voxel51.labels.field_types import JsonValue
from voxel51.platform.entry_points import analytic_entry_points, load_analytic
from voxel51.platform.named_weights import NamedWeights
from voxel51.runners.process_control import processor_seconds, thread_count
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.manifests import problems_of

SHARED = ("numpy", "cv2", "av", "scipy.optimize")
"""Modules that most analytics import: imported once, and inherited by the children that import one analytic each."""

IMPORT_SECONDS = 30.0
"""Time that the import of one analytic may take, unless ``--seconds`` says otherwise. On a busy machine, processor time
counts instead: see `_Import`.
"""

_LONGEST = 10
"""So many times that time an import may take however little of the processor it gets."""

_MOMENT_SECONDS = 2.0
"""An import that uses no processor for so long hangs."""

_LONG_SECONDS = 5.0
"""Time after which the next import begins beside one that is still going on."""


def describe_all(seconds: float = IMPORT_SECONDS) -> dict[str, JsonValue]:
    """Return the document that is printed. The function forks: call it in a process with one thread.

    An analytic whose import takes longer than ``seconds`` has an error.
    """
    if _can_be_shared():
        for module in SHARED:
            import_module(module)
    imports = {}
    for name in sorted(analytic_entry_points()):
        # One after the other, so that they do not compete for memory. One that takes long does not delay the others.
        imports[name] = _Import(name, seconds)
        imports[name].wait(_LONG_SECONDS)
    return {
        "version": voxel51.__version__,
        "analytics": [{"name": name, **each.result()} for name, each in imports.items()],
    }


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
        "weights": {
            parameter: {value: [_candidate(each) for each in candidates] for value, candidates in values.items()}
            for parameter, values in analytic.weights.items()
        },
    }


def _candidate(weights: NamedWeights) -> dict[str, JsonValue]:
    sha256 = [each.sha256 for each in weights.files]
    included = sha256[0] if weights.is_included else None
    return {
        "name": weights.name,
        "licence": weights.licence,
        "accuracy": weights.accuracy,
        "filename": weights.filename,
        "sha256": [*sha256],
        "included_sha256": included,
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


class _Import:
    """Import of one analytic in a child of its own, which may take ``seconds``.

    After that time, an import that uses a processor goes on until it has used it for ``seconds``: others had it before.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._begun = time.monotonic()
        self._deadline = self._begun + seconds
        self._text = b""
        self._has_ended = False
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.setsid()  # for `_kill`: an import may have started processes
            os.close(self._reading)
            os.dup2(2, 1)  # output of an import is not part of the document
            _write_description(name, writing)
            os._exit(0)
        os.close(writing)

    def wait(self, seconds: float) -> None:
        """Wait until the import has ended, ``seconds`` have passed or its time is over."""
        deadline = min(self._deadline, time.monotonic() + seconds)
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        while not self._has_ended and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            piece = os.read(self._reading, 65536)
            self._text += piece
            self._has_ended = not piece

    def result(self) -> dict[str, JsonValue]:
        """Wait until the import has ended or its time is over, and return the description."""
        self.wait(self._seconds)
        while not self._has_ended and self._goes_on():
            pass
        os.close(self._reading)
        if not self._has_ended:
            self._kill()
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        if not self._has_ended:
            return {"error": f"importing it did not end within {self._seconds:g} s"}
        if not self._text:
            kind = "signal" if status < 0 else "code"
            return {"error": f"importing it ended the process with {kind} {abs(status)}"}
        described: dict[str, JsonValue] = json.loads(self._text)
        return described

    def _goes_on(self) -> bool:
        """Wait a moment longer; return whether the import used a processor meanwhile, and may go on."""
        before = processor_seconds(self._pid)
        self._deadline = time.monotonic() + _MOMENT_SECONDS
        self.wait(_MOMENT_SECONDS)
        is_in_time = time.monotonic() - self._begun < _LONGEST * self._seconds
        return is_in_time and before < processor_seconds(self._pid) < self._seconds

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with suppress(ProcessLookupError):  # before it leads a group
            os.kill(self._pid, signal.SIGKILL)


def _write_description(name: str, writing: int) -> None:
    try:
        description = json.dumps(describe(name))
    except BaseException as error:  # also SystemExit: one import must not end the listing of the others
        traceback.print_exc()
        description = json.dumps({"error": f"{type(error).__name__}: {error}"})
    with open(writing, "w", encoding="utf-8") as pipe:
        pipe.write(description)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m voxel51.platform.installed_analytics")
    parser.add_argument("--seconds", type=float, default=IMPORT_SECONDS, help="time that one import may take")
    sys.stdout.write(json.dumps(describe_all(parser.parse_args().seconds), indent=2) + "\n")
