"""``voxel51 watch``: upload each new video of a folder, run analytics on it, and download the results.

The command only uploads and downloads. The videos are added to a collection, and a rule of the platform runs the
analytics on it, so jobs go on while the command or the platform is away.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from voxel51.cli.folder_record import FOLDER_RECORD, FolderRecord, State
from voxel51.cli.parsing import Parser, client_command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.cli.run_files import is_media
from voxel51.cli.watch_results import ResultFolder
from voxel51.cli.watch_rule import collection_of, described, rule_of, runs_of
from voxel51.transport.errors import AuthenticationFailed, ConnectionFailed, ServerFailed
from voxel51.users.api import API

_EXAMPLES = """\
  voxel51 watch recordings --analytic voxel51/object-tracks --download labels
  voxel51 watch recordings --analytic voxel51/object-tracks --param confidence=0.6 --collection junction
  voxel51 watch recordings --once"""

_RETRY_SECONDS = 60.0
"""Pause after which a file that could not be uploaded is tried again."""


def fill(parser: Parser) -> None:
    """Declare the arguments of the command."""
    client_command(parser, _run, _EXAMPLES)
    parser.add_argument("folder", metavar="FOLDER", help="folder with videos")
    parser.add_argument("--analytic", metavar="NAME", action="append", default=[], dest="analytics",
                        help="run this analytic on each new video; may be repeated; with @VERSION")  # fmt: skip
    parser.add_argument("--param", metavar="NAME=VALUE", action="append", default=[],
                        help="parameter of the analytic; @PATH uploads a file; only with one analytic")  # fmt: skip
    parser.add_argument("--collection", metavar="NAME",
                        help="add the videos to this collection (default: the name of the folder)")  # fmt: skip
    parser.add_argument("--download", metavar="DIR", help="download the results of the analytics to this folder")
    parser.add_argument("--format", metavar="NAME", help="coco, yolo, mot, cvat, voc, csv or parquet (default: native)")
    parser.add_argument("--recursive", action="store_true", help="watch the folders below as well")
    parser.add_argument("--settle", metavar="SECONDS", type=float, default=5.0,
                        help="a file is complete when it has not changed for so long (default: 5)")  # fmt: skip
    parser.add_argument("--interval", metavar="SECONDS", type=float, default=2.0,
                        help="pause between two looks at the folder (default: 2)")  # fmt: skip
    parser.add_argument("--record", metavar="PATH", help=f"record of what is done (default: FOLDER/{FOLDER_RECORD})")
    parser.add_argument("--once", action="store_true", help="exit when all present videos and their jobs are done")


def _run(options: argparse.Namespace) -> int:
    _check(options)
    printer, folder = Printer(options), Path(options.folder)
    with client(options) as api:
        record = FolderRecord(Path(options.record or folder / FOLDER_RECORD), api.base_url)
        collection_id = collection_of(api, options.collection or folder.resolve().name, options)
        rule_id = None if collection_id is None else rule_of(api, printer, record, collection_id, runs_of(api, options))
        uploads = _Uploads(api, printer, record, folder, options, collection_id)
        results = None if rule_id is None else ResultFolder(api, printer, record, rule_id, options)
        printer.remark(f"Watching {str(folder)!r}: {described(options, collection_id)}")
        is_away = False
        while True:
            try:
                is_done = uploads.step()
                if results is not None:
                    is_done = results.step() and is_done
                is_away = False
            except AuthenticationFailed:
                raise
            except (ConnectionFailed, ServerFailed) as error:
                if not is_away:
                    printer.remark(f"Waiting for the platform: {error}")
                is_away, is_done = True, False
            if is_done and options.once:
                break
            time.sleep(options.interval)
    failed = uploads.failed + (0 if results is None else results.failed)
    printer.result(f"{uploads.count} uploaded, {failed} failed", {"uploaded": uploads.count, "failed": failed})
    return printer.finish() or (1 if failed else 0)


def _check(options: argparse.Namespace) -> None:
    if not Path(options.folder).is_dir():
        raise NotADirectoryError(f"folder not found: {options.folder!r}")
    for name in ("settle", "interval"):
        if not 0 <= getattr(options, name) <= 86400:
            raise ValueError(f"--{name} must be from 0 to 86400 seconds, not {getattr(options, name):g}")
    if options.param and len(options.analytics) != 1:
        raise ValueError("--param needs exactly one --analytic")
    if (options.download or options.format) and not options.analytics:
        raise ValueError("--download and --format need an --analytic, whose results are downloaded")
    if options.format and not options.download:
        raise ValueError("--format needs --download DIR")


class _Uploads:
    """Uploads of the new files of a folder.

    Attributes:
        count: number of files that were uploaded.
    """

    def __init__(
        self,
        api: API,
        printer: Printer,
        record: FolderRecord,
        folder: Path,
        options: argparse.Namespace,
        collection_id: str | None,
    ) -> None:
        self._api = api
        self._printer = printer
        self._record = record
        self._folder = folder
        self._settle_seconds: float = options.settle
        self._is_recursive: bool = options.recursive
        self._collection_id = collection_id
        self._seen: dict[str, tuple[State, float]] = {}  # since when a file has its state
        self._failures: dict[str, tuple[State, float]] = {}  # when its upload failed
        self.count = 0

    @property
    def failed(self) -> int:
        """Return the number of files that could not be uploaded."""
        return len(self._failures)

    def step(self) -> bool:
        """Upload the new complete files; return whether none is left, except those that fail.

        Raises:
            ConnectionFailed, ServerFailed: the platform is away; nothing is lost.
        """
        now, present, is_done = time.monotonic(), dict(self._files()), True
        self._seen = {name: seen for name, seen in self._seen.items() if name in present}
        self._failures = {name: failure for name, failure in self._failures.items() if name in present}
        for name, state in present.items():
            if self._record.has_file(name, state):
                continue
            seen_state, since = self._seen.get(name, (None, now))
            if seen_state != state:
                since = now
                self._seen[name] = (state, since)
            failed_state, failed_at = self._failures.get(name, (None, 0.0))
            if failed_state == state and now - failed_at < _RETRY_SECONDS:
                continue
            if now - since < self._settle_seconds:
                is_done = False
            else:
                self._upload(name, state)
        return is_done

    def _files(self) -> Iterator[tuple[str, State]]:
        """Yield the videos of the folder: relative path and state. Files that vanish meanwhile are left out."""
        for path in sorted(self._folder.rglob("*") if self._is_recursive else self._folder.iterdir()):
            relative = path.relative_to(self._folder)
            if any(part.startswith(".") for part in relative.parts) or not is_media("video", path):
                continue
            try:
                status = path.stat()
            except OSError:
                continue
            if path.is_file() and not self._record.is_result(path):
                yield relative.as_posix(), (status.st_size, status.st_mtime_ns)

    def _upload(self, name: str, state: State) -> None:
        try:
            data_id = self._api.upload_data(str(self._folder / name), reuse=True)["id"]
            if self._collection_id is not None:
                self._api.add_to_collection(self._collection_id, [data_id])
        except (AuthenticationFailed, ConnectionFailed, ServerFailed):
            raise
        except Exception as error:  # of one file: it changed, is unreadable, too large, or over the quota
            self._failures[name] = (state, time.monotonic())
            self._printer.failure("upload", name, str(error))
            return
        self._record.add_file(name, state, data_id)
        self._failures.pop(name, None)
        self.count += 1
        self._printer.remark(f"{name} -> data {data_id}")
