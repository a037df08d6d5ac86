"""``voxel51 server backup`` and ``restore``: copy a platform while it runs, and make a platform from the copy."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.printing import human_size
from voxel51.cli.server.shared import add_folder, guarded, settings

if TYPE_CHECKING:
    from voxel51.server.backups.backup import Progress


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    backup = verbs.add_parser(
        "backup",
        help="copy the platform into a folder, also while it runs",
        description="Copy records, files and keys into a folder. Another backup into the same folder copies only new "
        "files. Can run while the platform runs.",
    )
    backup.add_argument("path", metavar="FOLDER", help="new folder, or one with an earlier backup")
    backup.set_defaults(run=guarded(_back_up))
    restore = verbs.add_parser(
        "restore",
        help="make a platform from a backup, in a new data folder",
        description="Restore a backup into a new data folder (--dir) and an empty database, and compare all files with "
        "their records. Exit status 1 if files are damaged.",
    )
    restore.add_argument("path", metavar="FOLDER", help="folder with a backup")
    restore.set_defaults(run=guarded(_restore))
    for each in (backup, restore):
        add_folder(each)
        each.add_argument("--json", action="store_true", help="print the result as one JSON document")


def _back_up(options: argparse.Namespace) -> int:
    from voxel51.server.backups.backup import back_up

    with shown_progress() as report:
        manifest = back_up(settings(options), Path(options.path), report)
    if options.json:
        print(json.dumps(asdict(manifest), indent=2))
    else:
        print(f"Backed up {manifest.files} files ({human_size(manifest.bytes)}) and the database to {options.path}")
        print("It contains password hashes, keys and all users' videos: protect it like the platform itself.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from voxel51.server.backups.restore import restore

    with shown_progress() as report:
        manifest, verified = restore(settings(options), Path(options.path), report)
    lost = [asdict(each) for each in verified.lost]
    if options.json:
        print(json.dumps({"backup": asdict(manifest), "checked": verified.checked, "damaged": lost}, indent=2))
        return 1 if lost else 0
    print(f"Restored the backup of {manifest.created_at} (version {manifest.version}) into {settings(options).folder}")
    for each in verified.lost:
        print(f"DAMAGED  {each.file.subject}: {each.file.key} {each.problem}")
    print(f"{verified.checked} stored files checked: {len(lost)} damaged")
    return 1 if lost else 0


@contextmanager
def shown_progress() -> "Iterator[Progress]":
    """Yield a function that shows the number of copied files on a terminal."""
    is_shown = sys.stderr.isatty()

    def report(done: int, total: int) -> None:
        if is_shown and (done == total or done % 50 == 0):
            print(f"\rCopied {done} of {total} files", end="", file=sys.stderr, flush=True)

    yield report
    if is_shown:
        print(file=sys.stderr)
