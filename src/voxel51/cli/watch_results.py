"""Results of watched folders: download what the rule has computed, beside or instead of the videos."""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from voxel51.cli.folder_record import FolderRecord
from voxel51.cli.printing import Printer
from voxel51.cli.run_files import SUFFIXES
from voxel51.transport.errors import AuthenticationFailed, ConnectionFailed, ServerFailed
from voxel51.users.api import API
from voxel51.wire.rules import RuleItem, RuleItemState

_TEMPORARY = ".voxel51-watch-"


class ResultFolder:
    """Follows the rule of a watched folder, and downloads its results if a folder for them is given."""

    def __init__(
        self, api: API, printer: Printer, record: FolderRecord, rule_id: str, options: argparse.Namespace
    ) -> None:
        self._api = api
        self._printer = printer
        self._record = record
        self._rule_id = rule_id
        self._folder = None if options.download is None else Path(options.download)
        self._format: str | None = options.format
        self._ended = -1  # number of items that had ended at the last step
        self._failures: set[str] = set()

    @property
    def failed(self) -> int:
        """Return the number of items that failed, or whose result could not be downloaded."""
        return len(self._failures)

    def step(self) -> bool:
        """Download the results that are new; return whether no item of the rule is open.

        Raises:
            ConnectionFailed, ServerFailed: the platform is away; nothing is lost.
        """
        counts = self._api.get_rule(self._rule_id)["counts"]
        ended = counts["complete"] + counts["reused"] + counts["failed"]
        if ended != self._ended:
            for item in self._api.iter_rule_items(self._rule_id):
                self._settle(item)
            self._ended = ended
        return not counts["waiting"] + counts["active"]

    def _settle(self, item: RuleItem) -> None:
        name = self._record.name_of(item["data_id"])
        if name is None or item["id"] in self._failures:
            return
        if item["state"] == RuleItemState.FAILED:
            self._fail(item, name, item["message"] or "no reason was given")
        elif item["state"] in {RuleItemState.COMPLETE, RuleItemState.REUSED} and self._folder is not None:
            earlier = self._record.result_of(item["id"])
            if earlier is None or not earlier.exists():
                self._download(item, name, self._folder)

    def _download(self, item: RuleItem, name: str, folder: Path) -> None:
        job_id = str(item["job_id"])
        try:
            suffix = self._suffix(job_id)
            if suffix is None:
                return
            folder.mkdir(parents=True, exist_ok=True)
            content = folder / f"{_TEMPORARY}{item['id']}{suffix}"
            self._api.download_job_output(job_id, content, format=self._format)
            target = next(each for each in _names(name, item["analytic"], suffix) if not (folder / each).exists())
            # Recorded first: after a crash in between, the file is missing and is downloaded again.
            self._record.add_result(item["id"], folder / target)
            content.replace(folder / target)
        except (AuthenticationFailed, ConnectionFailed, ServerFailed):
            raise
        except Exception as error:  # of one result: it has expired, or the disk is full
            self._fail(item, name, str(error))
            return
        self._printer.remark(f"{name} -> {folder / target}")

    def _suffix(self, job_id: str) -> str | None:
        """Return the extension of the output of a job; None if it has none."""
        if self._format is not None:
            return SUFFIXES[self._format]
        output_name = self._api.get_job_details(job_id)["output_filename"]
        return Path(output_name).suffix if output_name else None

    def _fail(self, item: RuleItem, name: str, message: str) -> None:
        self._failures.add(item["id"])
        self._printer.failure("get the result of", f"{name} ({item['analytic']})", message)


def _names(name: str, analytic: str, suffix: str) -> Iterator[str]:
    """Yield names for the result of a video, the preferred one first. Folders of the video become part of the name."""
    stem = f"{Path(name).with_suffix('').as_posix().replace('/', '-')}.{analytic.rpartition('/')[2]}"
    yield f"{stem}{suffix}"
    for number in itertools.count(2):
        yield f"{stem}-{number}{suffix}"
