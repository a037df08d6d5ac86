"""Folder record: which files of a watched folder were uploaded, and which results were downloaded.

The record is a file of JSON lines, by default ``.voxel51-watch.json`` in the folder. A line is appended when a step is
done; each step can be repeated without effect, so a command that was killed before loses and doubles nothing.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

FOLDER_RECORD = ".voxel51-watch.json"
"""Name of the record in the watched folder."""

State = tuple[int, int]
"""Size and time of modification of a file, which change with its content."""


class FolderRecord:
    """The record of one folder for one platform. Lines about other platforms are kept and ignored.

    Args:
        path: path of the record.
        platform: address of the platform.
    """

    def __init__(self, path: Path, platform: str) -> None:
        self._path = path
        self._platform = platform
        self._files: dict[str, State] = {}
        self._names: dict[str, str] = {}
        self._results: dict[str, str] = {}
        self.rule: tuple[str, str] | None = None  # id of the rule, and a text that describes what it runs
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)

    def has_file(self, name: str, state: State) -> bool:
        """Return whether the file was uploaded with its present content."""
        return self._files.get(name) == state

    def add_file(self, name: str, state: State, data_id: str) -> None:
        """Record that a file was uploaded as the data with this id, and added to the collection."""
        self._append({"file": name, "state": [*state], "data": data_id})

    def name_of(self, data_id: str) -> str | None:
        """Return the name of the file that was uploaded as data; None if it is not of this folder."""
        return self._names.get(data_id)

    def result_of(self, item_id: str) -> Path | None:
        """Return the file to which the result of an item of the rule was downloaded."""
        path = self._results.get(item_id)
        return None if path is None else Path(path)

    def add_result(self, item_id: str, path: Path) -> None:
        """Record the file to which the result of an item is downloaded."""
        self._append({"item": item_id, "result": str(path.resolve())})

    def is_result(self, path: Path) -> bool:
        """Return whether a file is a downloaded result, such as a redacted video, and not a new video."""
        return str(path.resolve()) in self._results.values()

    def set_rule(self, rule_id: str, runs: str) -> None:
        """Record the rule that runs the analytics; an empty id: there is no rule any more."""
        self._append({"rule": rule_id, "runs": runs})

    def _append(self, line: Mapping[str, object]) -> None:
        text = json.dumps({"platform": self._platform, **line})
        # Each line begins with a line break, so that a line which a crash cut short spoils no other.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (an open descriptor)
            file.write(f"\n{text}\n".encode())
        self._read(text)

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if not isinstance(entry, dict) or entry.get("platform") != self._platform:
            return
        match entry:
            case {"file": str(name), "state": [int(size), int(changed)], "data": str(data_id)}:
                self._files[name] = (size, changed)
                self._names[data_id] = name
            case {"item": str(item_id), "result": str(path)}:
                self._results[item_id] = path
            case {"rule": str(rule_id), "runs": str(runs)}:
                self.rule = (rule_id, runs) if rule_id else None
