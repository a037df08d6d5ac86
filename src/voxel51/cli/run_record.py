"""Run record: which job and which parameters each output of ``voxel51 run`` comes from.

The record is the file ``.voxel51-run.json`` in the output folder. Each line is one JSON object, appended when something
happened, so several commands may write to one folder at the same time, and a crash loses at most the last line.

A file counts as the output of a run only if a line names it and its content is unchanged. Existing files are never
overwritten: an output whose name is taken by other content gets a name with a part of the key of its run.
"""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

RUN_RECORD = ".voxel51-run.json"
"""Name of the record in the output folder."""

_CHUNK_BYTES = 1024 * 1024
_SETTLED_SECONDS = 2.0
"""A file that changed more recently may change again within one tick of its clock: its hash is not kept."""


@dataclass(frozen=True, slots=True)
class Run:
    """One video to process.

    Attributes:
        key: the run key, see `voxel51.wire.run_keys`.
        video: the file name of the video, which is the name of the job and part of the name of the output.
        stem: the name of the output up to its extension.
        extension: the extension of the output, with its dot.
        format: the format into which the output is converted; None keeps its own.
        parameters: the parameters with defaults, for messages.
    """

    key: str
    video: str
    stem: str
    extension: str
    format: str | None
    parameters: Mapping[str, object]

    def names(self) -> Iterator[str]:
        """Yield names for the output, the preferred one first."""
        yield f"{self.stem}{self.extension}"
        yield f"{self.stem}.{self.key[:8]}{self.extension}"
        for number in itertools.count(2):
            yield f"{self.stem}.{self.key[:8]}-{number}{self.extension}"


@dataclass(frozen=True, slots=True)
class Output:
    """Line of the record: a file, and the run and the job that it comes from."""

    file: str
    sha256: str
    key: str
    video: str
    format: str | None
    job: str
    parameters: Mapping[str, object]

    def is_of(self, run: Run) -> bool:
        """Return whether the file is the output of ``run``."""
        return (self.key, self.video, self.format) == (run.key, run.video, run.format)


@dataclass(frozen=True, slots=True)
class Placed:
    """Result of `RunRecord.place`.

    Attributes:
        path: the path of the output.
        kept: the reason why a file of the preferred name was kept; None if the name was free.
        has_replaced: whether an earlier output of the same run was replaced.
    """

    path: Path
    kept: str | None = None
    has_replaced: bool = False


class RunRecord:
    """The record of one output folder. The first line that is written makes the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / RUN_RECORD
        self._outputs: dict[str, list[Output]] = {}
        self._jobs: dict[tuple[str, str], str | None] = {}
        self._submissions: dict[tuple[str, str], str] = {}
        self._uploads: dict[tuple[str, str], str] = {}
        self._hashes: dict[str, tuple[list[int], str]] = {}
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)

    def job_of(self, run: Run) -> str | None:
        """Return the id of the job that was submitted for ``run``."""
        return self._jobs.get((run.key, run.video))

    def submission_of(self, run: Run) -> str | None:
        """Return the idempotency key of a submission of ``run`` whose job is not recorded."""
        return self._submissions.get((run.key, run.video))

    def set_submission(self, run: Run, idempotency_key: str) -> None:
        """Record that a job is about to be submitted for ``run``."""
        self._append({"run": run.key, "video": run.video, "submission": idempotency_key})

    def set_job(self, run: Run, job_id: str | None) -> None:
        """Record the job of ``run``; None records that it has none."""
        self._append({"run": run.key, "video": run.video, "job": job_id})

    def data_of(self, sha256: str, name: str) -> str | None:
        """Return the id of the data to which a file with this hash and name was uploaded."""
        return self._uploads.get((sha256, name))

    def set_data(self, sha256: str, name: str, data_id: str) -> None:
        """Record the data to which a file with this hash and name was uploaded."""
        self._append({"upload": sha256, "name": name, "data": data_id})

    def sha256_of(self, path: Path) -> str:
        """Return the hash of a file, from the record if the file is unchanged."""
        before = _state(path)
        known = self._hashes.get(str(path.resolve()))
        if known is not None and known[0] == before:
            return known[1]
        sha256 = _sha256(path)
        is_settled = max(path.stat().st_mtime, path.stat().st_ctime) < time.time() - _SETTLED_SECONDS
        if is_settled and _state(path) == before:
            self._append({"hash": str(path.resolve()), "state": before, "sha256": sha256})
        return sha256

    def is_output(self, path: Path) -> bool:
        """Return whether an earlier run wrote the file at ``path``."""
        return path.name in self._outputs and path.resolve().parent == self._folder.resolve()

    def finished(self, run: Run) -> Output | None:
        """Return the unchanged output of an earlier, equal run."""
        for name in (name for name, outputs in self._outputs.items() if any(each.is_of(run) for each in outputs)):
            found = self._author(name)
            if found is not None and found.is_of(run):
                return found
        return None

    def place(self, run: Run, job_id: str, content: Path) -> Placed:
        """Move the output at ``content``, a file in the folder, to its name. No other file is overwritten.

        An earlier output of an equal run is replaced if it is unchanged.
        """
        sha256 = _sha256(content)
        earlier, kept = self.finished(run), None
        for name in run.names():
            target = self._folder / name
            self._append(asdict(Output(name, sha256, run.key, run.video, run.format, job_id, run.parameters)))
            if earlier is not None and earlier.file == name:
                content.replace(target)
                return Placed(target, kept, has_replaced=True)
            if _move_if_free(content, target):
                return Placed(target, kept)
            kept = kept or self._reason_to_keep(name, run)
        raise AssertionError("names() has no end")

    def _reason_to_keep(self, name: str, run: Run) -> str:
        author = self._author(name)
        if author is None:
            return f"'{name}' was kept: it has changed, or was not written by `voxel51 run`"
        differences = [
            f"{parameter} {author.parameters.get(parameter)!r} instead of {run.parameters.get(parameter)!r}"
            for parameter in sorted({*author.parameters, *run.parameters})
            if author.parameters.get(parameter) != run.parameters.get(parameter)
        ]
        reason = ", ".join(differences) or "another input or another version of the analytic"
        return f"'{name}' was kept: it is the output of another run ({reason})"

    def _author(self, name: str) -> Output | None:
        """Return the line about the present content of the file ``name``."""
        try:
            sha256 = self.sha256_of(self._folder / name)
        except OSError:
            return None
        return next((each for each in reversed(self._outputs.get(name, [])) if each.sha256 == sha256), None)

    def _append(self, line: Mapping[str, object]) -> None:
        text = json.dumps(line)
        self._read(text)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Each line begins with a line break, so that a line which a crash cut short spoils no other.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (an open descriptor)
            file.write(f"\n{text}\n".encode())

    def _read(self, line: str) -> None:
        """Take over one line. Lines of other versions are ignored: the outputs they name are kept, and not reused."""
        try:
            match json.loads(line):
                case {"file": str(name), "key": str()} as entry:
                    self._outputs.setdefault(name, []).append(Output(**entry))
                case {"run": str(key), "video": str(video), "job": job_id}:
                    self._jobs[key, video] = job_id
                    self._submissions.pop((key, video), None)
                case {"run": str(key), "video": str(video), "submission": str(idempotency_key)}:
                    self._submissions[key, video] = idempotency_key
                case {"upload": str(sha256), "name": str(name), "data": str(data_id)}:
                    self._uploads[sha256, name] = data_id
                case {"hash": str(path), "state": list(state), "sha256": str(sha256)}:
                    self._hashes[path] = (state, sha256)
        except (ValueError, TypeError):
            return


def _move_if_free(content: Path, target: Path) -> bool:
    """Move a file unless another one has the name; return whether it was moved."""
    try:
        target.hardlink_to(content)  # in one step, and never over a file
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if target.exists():
            return False
        content.replace(target)
        return True
    content.unlink()
    return True


def _state(path: Path) -> list[int]:
    """Return what changes with the content of a file. Programs can set the time of modification, but not ``ctime``."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
