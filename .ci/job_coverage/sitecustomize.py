"""Coverage of job processes: measure the zygote, and the launchers, wardens and jobs that it forks.

Python imports this module at its start if its folder is on PYTHONPATH, as in `make coverage`. Coverage alone does not
reach these processes: their environment has listed variables only, they end by `os._exit`, and a sandbox shows no file
of the repository but the packages. Therefore a process in a sandbox leaves its measurement in the folder of its job,
and the launcher, which is outside and ends last, adds it to the others.
"""

import atexit
import hashlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MEASURED_BY_COVERAGE = "COVERAGE_PROCESS_CONFIG"
"""Variable of the processes that coverage measures without this module."""


class JobCoverage:
    """Measurement of this process and of those that it forks."""

    def __init__(self) -> None:
        import coverage  # noqa: PLC0415  (only in processes that are measured)

        self._new_data = coverage.CoverageData
        self._coverage = coverage.Coverage(data_file=None, config_file=False, branch=True, source_pkgs=["voxel51"])
        self._root = ROOT.stat()
        self._imports: dict[str, set[tuple[int, int]]] = {}
        self._left_out: dict[str, set[tuple[int, int]]] = {}
        self._job_folder: Path | None = None
        self._exit = os._exit

    def start(self) -> None:
        """Start to measure; save at the end of each process."""
        self._coverage.start()
        atexit.register(self._save)
        os.register_at_fork(before=self._note_imports)
        os._exit = self._save_and_exit  # type: ignore[assignment]
        from voxel51.runners.sandbox import launcher  # noqa: PLC0415  (measured from its import on)

        read_request, fork_job = launcher.read_request, launcher._fork_job

        def read_and_note(path: Path) -> Any:
            request = read_request(path)
            self._job_folder = Path(request["folder"])
            return request

        def note_and_fork(request: Any, *arguments: Any) -> int:
            self._job_folder = Path(request["folder"])
            return fork_job(request, *arguments)

        launcher.read_request = read_and_note  # in the launcher
        launcher._fork_job = note_and_fork  # in the parent of the job

    def _note_imports(self) -> None:
        """Note what was measured before the first fork: only the process that forks first saves that."""
        if not self._imports:
            self._imports = self._measured()
            os.register_at_fork(after_in_child=self._leave_imports_out)

    def _leave_imports_out(self) -> None:
        self._left_out = self._imports

    def _measured(self) -> dict[str, set[tuple[int, int]]]:
        data = self._coverage.get_data()
        return {file: set(data.arcs(file) or ()) for file in data.measured_files()}

    def _save_and_exit(self, status: int) -> None:
        with suppress(BaseException):  # a job at one of its limits ends as it does without the measurement
            self._save()
        self._exit(status)

    def _save(self) -> None:
        self._coverage.stop()
        measured = {file: sorted(arcs - self._left_out.get(file, set())) for file, arcs in self._measured().items()}
        text = json.dumps({file: measured[file] for file in sorted(measured) if measured[file]})
        try:
            self._keep(text)
        except Exception:  # in a sandbox
            folder = self._job_folder or Path.cwd()
            (folder / f"measured-{os.getpid()}.json").write_text(text, encoding="utf-8")
            return
        for path in self._job_folder.glob("measured-*.json") if self._job_folder else ():
            self._keep(path.read_text(encoding="utf-8"))

    def _keep(self, text: str) -> None:
        """Add a measurement to those of `make coverage`; equal ones are kept once, as jobs are many and much alike."""
        if not os.path.samestat(ROOT.stat(), self._root):
            raise OSError("the repository is another folder here")
        file = ROOT / f".coverage.job-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        if file.exists():
            return
        own = ROOT / f".coverage.{os.getpid()}.new"
        data = self._new_data(str(own))
        data.add_arcs({name: [tuple(arc) for arc in arcs] for name, arcs in json.loads(text).items()})
        data.close()
        own.rename(file)


if any(argument.startswith("voxel51.") for argument in sys.orig_argv) and MEASURED_BY_COVERAGE not in os.environ:
    JobCoverage().start()
