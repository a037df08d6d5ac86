"""``voxel51 analytics init|run|check|manifest``: write an analytic, run it on this machine, and check it before use."""

import argparse
import json
import keyword
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.live import ProgressDisplay
from voxel51.cli.local_network import add_network_options, local_permission
from voxel51.cli.parameters import read_parameters
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer
from voxel51.wire.analytics import AnalyticDocument, output_filename
from voxel51.wire.parameter_values import check_names, converted
from voxel51.wire.tasks import JobLimits, TaskStatusDocument

if TYPE_CHECKING:
    from voxel51.runners.local_job import LocalJob
    from voxel51.runners.local_progress import LocalProgress
    from voxel51.runners.local_run import LocalEnd

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_GIB = 1 << 30
_IMPORTED = ("av", "numpy", "pytest", "voxel51")
"""Modules that the template and its test import."""


def add_to(verbs: Commands) -> None:
    """Add the commands to the noun ``analytics``."""
    init = command(verbs, "init", _init, "create a project with an analytic that works, and its test")
    init.add_argument("name", metavar="NAME", help="name of the analytic, such as red-cars")
    init.add_argument("--owner", metavar="NAME", default="me", help="owner in its full name (default: me)")
    run = command(verbs, "run", _run, "run an analytic of a file or project here, without a platform")
    run.add_argument(
        "source",
        metavar="SOURCE",
        help="Python file, project folder, or name of an installed analytic; several, joined by commas, run together",
    )
    run.add_argument("video", metavar="VIDEO", nargs="?", help="file for its only required input")
    run.add_argument("--input", metavar="NAME=PATH", action="append", default=[], help="file for another input")
    run.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="parameter: JSON, text or @PATH"
    )
    run.add_argument(
        "--parts", metavar="N", type=int, default=1, help="run it in N parts, one after the other, and merge them"
    )
    run.add_argument("--out", metavar="DIR", default=".", help="output folder (default: the current folder)")
    check = command(verbs, "check", _check, "check an analytic: manifest, labels, equal results, damaged videos")
    check.add_argument("source", metavar="SOURCE", help="Python file, project folder, or name of an installed analytic")
    check.add_argument("video", metavar="VIDEO", nargs="?", help="video to check it with (default: a generated one)")
    check.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="JSON, text or @PATH")
    check.epilog = "Exit status 1 if a check fails."
    manifest = command(verbs, "manifest", _manifest, "show the manifest of an analytic of a file or project")
    manifest.add_argument(
        "source", metavar="SOURCE", help="Python file, project folder, or name of an installed analytic"
    )
    manifest.add_argument("-p", "--path", metavar="PATH", help="write the manifest to this file")
    for parser in (run, check):
        parser.add_argument("--memory-gib", metavar="N", type=float, default=4.0, help="memory limit (default: 4)")
        add_network_options(parser)


def _init(options: argparse.Namespace) -> int:
    from voxel51.cli.analytic_template import module_name, write_project

    for text in (options.name, options.owner):
        if not _NAME.fullmatch(text):
            raise ValueError(f"invalid name {text!r}: use small letters, digits and '-', such as red-cars")
    if module_name(options.name) in {*keyword.kwlist, *sys.stdlib_module_names, *_IMPORTED}:
        raise ValueError(
            f"the name {options.name!r} cannot be used, as its module would hide Python's own or one that it imports. "
            f"Choose another, such as {options.name}-finder"
        )
    folder = Path(options.name)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already. Choose another name, or delete it")
    files = write_project(folder, options.owner, options.name)
    module = files[0].name
    printer = Printer(options)
    lines = [*(f"Created {path}" for path in files), "", "Try it:", f"  cd {folder}"]
    lines += [f"  voxel51 analytics run {module} VIDEO", f"  voxel51 analytics check {module}"]
    lines += ["  pip install pytest && python -m pytest", "", "Deploy it:", f"  voxel51 analytics deploy {module}"]
    printer.result("\n".join(lines), {"files": [str(path) for path in files]})
    return printer.finish()


def _run(options: argparse.Namespace) -> int:
    printer, out = Printer(options), Path(options.out)
    source = _SourceAnalytic(options, printer)
    inputs = source.inputs(options.video, options.input)
    parameters = source.parameters(options.param)
    shown = None if options.json or options.quiet else ProgressDisplay(sys.stderr)
    with tempfile.TemporaryDirectory(prefix="voxel51-") as folder:
        if options.parts == 1:
            end = source.run(inputs, parameters, Path(folder), shown)
        else:
            end = source.run_in_parts(inputs, parameters, Path(folder), options.parts, shown)
        if not end.is_complete:
            sys.stderr.write(end.log)
            raise RuntimeError(f"the job failed ({end.failure_type}): {end.reason}")
        stem = Path(options.video or next(iter(inputs.values()), "result")).stem
        place = _place_joined if source.count > 1 else _place
        placed = place(end, source.document, out, stem)
    for text in end.warnings:
        printer.remark(f"warning: {text}")
    printer.result("\n".join(map(str, placed)) or "no output file", {"files": [str(path) for path in placed]})
    return max(printer.finish(), int(len(placed) < source.count and source.count > 1))


def _place(end: "LocalEnd", document: AnalyticDocument, out: Path, stem: str) -> list[Path]:
    """Move the outputs of a run into the output folder, and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    base = f"{stem}.{document['info']['name']}"
    targets = {path: out / f"{base}.{path.name}" for path in end.data}
    if end.output is not None:
        targets[end.output] = out / f"{base}{Path(output_filename(document)).suffix}"
    for path, target in targets.items():
        shutil.move(path, target)
    return [*targets.values()]


def _place_joined(end: "LocalEnd", _document: AnalyticDocument, out: Path, stem: str) -> list[Path]:
    """Move the outputs of analytics that ran together, each under its own name, and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    targets = []
    if end.output is not None:
        with zipfile.ZipFile(end.output) as archive:
            for name in sorted(archive.namelist()):
                targets.append(out / f"{stem}.{Path(name).name}")
                with archive.open(name) as source, targets[-1].open("wb") as target:
                    shutil.copyfileobj(source, target)
    return targets


def _check(options: argparse.Namespace) -> int:
    from voxel51.cli.analytic_check import checks

    printer, found = Printer(options), []
    source = _SourceAnalytic(options, printer)
    if source.count > 1:
        raise ValueError(f"check one analytic at a time, not {options.source!r}")
    with tempfile.TemporaryDirectory(prefix="voxel51-") as folder:
        video = Path(options.video).resolve() if options.video else None
        for result in checks(source, video, source.parameters(options.param), Path(folder)):
            found.append(result)
            printer.remark(f"{'ok    ' if result.is_passed else 'FAILED'}  {result.name}: {result.detail}")
    failed = [each.name for each in found if not each.is_passed]
    text = f"{len(failed)} of {len(found)} checks failed" if failed else f"all {len(found)} checks passed"
    document = [{"name": each.name, "passed": each.is_passed, "detail": each.detail} for each in found]
    printer.result(text, document)
    return max(printer.finish(), int(bool(failed)))


def _manifest(options: argparse.Namespace) -> int:
    document = _document_of(options.source)
    printer, text = Printer(options), json.dumps(document, indent=4, ensure_ascii=False)
    if options.path:
        Path(options.path).write_text(f"{text}\n", encoding="utf-8")
        text = f"Manifest of {options.source} written to {options.path}"
    printer.result(text, document)
    return printer.finish()


def _document_of(name: str) -> AnalyticDocument:
    """Return the manifest of an analytic.

    Raises:
        RuntimeError: it imports a package that is not installed here.
    """
    from voxel51.platform.entry_points import load_analytic

    try:
        with naming_line(Path(name)):
            return load_analytic(name).document
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"{name} imports '{error.name}', which is not installed here. Install the package to run the analytic on "
            "this machine; a platform installs what its source requires when it is deployed"
        ) from error


@contextmanager
def naming_line(source: Path) -> Iterator[None]:
    """Name the line of ``source`` in an error that its import raises; a missing package and our own errors pass.

    Raises:
        RuntimeError: the import failed; the text begins with ``file:line``.
    """
    from voxel51.platform.source_description import failure_of

    try:
        yield
    except Exception as error:
        is_own = type(error).__module__.startswith("voxel51.")
        if is_own or isinstance(error, ModuleNotFoundError) or not source.exists():
            raise
        failure = failure_of(error, source.resolve())
        place = f"{failure['file']}:{failure['line']}: " if failure["file"] else ""
        raise RuntimeError(f"{place}{failure['error']}") from error


class _SourceAnalytic:
    """Analytic of a file, a project folder or an installed package, with the sandbox in which it runs.

    Attributes:
        document: its manifest.
        count: number of analytics, which run together if there are several.
    """

    def __init__(self, options: argparse.Namespace, printer: Printer) -> None:
        from voxel51.platform.sources import is_source
        from voxel51.runners.sandbox.probe import examine

        texts = [options.source] if Path(options.source).exists() else options.source.split(",")
        self.count = len(texts)
        paths = {text: Path(text).resolve() for text in texts if is_source(text)}
        if self.count > 1 and any("," in str(path) for path in paths.values()):
            raise ValueError("a path with a comma cannot be run together with other analytics")
        self._name = ",".join(str(paths.get(text, text)) for text in texts)
        self.document: AnalyticDocument = _document_of(self._name)
        policy = examine().policy
        self._policy = policy.showing(*paths.values())
        self._network = local_permission(self.document, policy.kind, options, printer)
        self._limits = JobLimits(
            wall_seconds=24 * 3600.0,
            cpu_seconds=24 * 3600,
            memory_bytes=round(options.memory_gib * _GIB),
            file_bytes=1 << 40,
            open_files=1024,
        )

    def inputs(self, video: str | None, texts: list[str]) -> dict[str, Path]:
        """Return the input files of the command line by name.

        Raises:
            ValueError: an input is unknown, or a required one is missing.
        """
        known = [each["name"] for each in self.document["inputs"]]
        required = [each["name"] for each in self.document["inputs"] if each["required"]]
        files = dict(text.partition("=")[::2] for text in texts)
        if video is not None:
            free = [name for name in (*required, *known) if name not in files]
            if not free:
                raise ValueError(f"analytic '{self.document['info']['name']}' has no further input for {video!r}")
            files[free[0]] = video
        check_names("input", files, self.document["inputs"])
        paths = {name: Path(text).resolve() for name, text in files.items()}
        for path in paths.values():
            if not path.is_file():
                raise FileNotFoundError(f"file not found: {str(path)!r}")
        return paths

    def parameters(self, texts: list[str]) -> dict[str, object]:
        """Return the parameters of the command line, checked as a platform checks them."""
        given = read_parameters(texts, self.document)
        files = {name: value for name, value in given.items() if isinstance(value, Path)}
        check_names("parameter", given, self.document["parameters"])
        plain = {name: value for name, value in given.items() if name not in files}
        return {**converted(self.document, plain), **files}

    def _secrets(self) -> dict[str, str]:
        """Return the secrets that the analytic needs, from the environment.

        Raises:
            ValueError: a variable is not set.
        """
        values = {}
        for name, description in self.document.get("extensions", {}).get("secrets", {}).items():
            values[name] = os.environ.get(name.upper(), "")
            if not values[name]:
                raise ValueError(f"the analytic needs the secret '{name}' ({description}). Set {name.upper()}.")
        return values

    def run(
        self,
        inputs: Mapping[str, Path],
        parameters: Mapping[str, object],
        folder: Path,
        shown: ProgressDisplay | None = None,
        *,
        progress: "LocalProgress | None" = None,
        is_warm: bool = False,
        stop_at: float | None = None,
    ) -> "LocalEnd":
        """Run the analytic in ``folder``, and show its progress; see `voxel51.runners.local_run.LocalRun`.

        It is stopped when it reports at least ``stop_at`` of its work as done.
        """
        job = self._job(inputs, parameters)
        return self._run(job, folder, shown, progress=progress, is_warm=is_warm, stop_at=stop_at)

    def run_in_parts(
        self,
        inputs: Mapping[str, Path],
        parameters: Mapping[str, object],
        folder: Path,
        count: int,
        shown: ProgressDisplay | None = None,
    ) -> "LocalEnd":
        """Run the analytic on ``count`` parts of its input ``video`` in folders in ``folder``, and merge them.

        The parts run one after the other. Returns the end of the merge, or of the first part that failed.

        Raises:
            ValueError: the analytic declares no splitting, or fewer frames than parts are selected.
        """
        from voxel51.platform.entry_points import load_analytic
        from voxel51.platform.part_plan import planned_parts

        splitting = load_analytic(self._name).splitting
        if splitting is None:
            raise ValueError(f"{self.document['info']['name']} cannot run in parts: it declares no splitting")
        whole = self._job(inputs, parameters)
        results = []
        for part in planned_parts(inputs["video"], parameters, count, splitting.overlap_seconds):
            described = part.description()
            own, title = folder / f"part-{part.number}", f"part {part.number} of {count}"
            end = self._run(replace(whole, part=described), own, shown, title=title)
            if end.output is None or not end.is_complete:
                return replace(end, is_complete=False, reason=f"{title}: {end.reason or 'it has no output'}")
            results.append((described, end.output))
        return self._run(replace(whole, parts=results), folder / "merge", shown, title="merge")

    def _job(self, inputs: Mapping[str, Path], parameters: Mapping[str, object]) -> "LocalJob":
        from voxel51.runners.local_job import LocalJob

        info = self.document["info"]
        return LocalJob(
            self._name, info["name"], info["version"], inputs, parameters, self._secrets(), self._network,
            uses_gpu=info["supports_gpu"],
        )  # fmt: skip

    def _run(
        self,
        job: "LocalJob",
        folder: Path,
        shown: ProgressDisplay | None,
        *,
        progress: "LocalProgress | None" = None,
        is_warm: bool = False,
        stop_at: float | None = None,
        title: str = "",
    ) -> "LocalEnd":
        from voxel51.runners.local_run import LocalRun

        name = f"{job.name} ({title})" if title else job.name

        def report(status: TaskStatusDocument) -> None:
            done = status.get("progress", {})
            if shown is not None:
                frames = f"{done['frames_done']} frames" if "frames_done" in done else ""
                shown.show(name, status["state"].lower(), done.get("fraction"), frames)
            if stop_at is not None and done.get("fraction", 0.0) >= stop_at:
                run.stop()

        run = LocalRun(job, folder, self._limits, self._policy, report, progress=progress, is_warm=is_warm)
        return run.wait()
