"""``voxel51 server move`` and ``migrate``: take a platform to other places, and bring its tables to this version."""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.server.backups import shown_progress
from voxel51.cli.server.shared import add_folder, guarded, settings

if TYPE_CHECKING:
    from voxel51.server.settings import Settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    move = verbs.add_parser(
        "move",
        help="move a stopped platform to another database and storage",
        description="Copy all records and files to the database and the storage in a file of settings, and compare "
        "them. Repeat the command after an interruption. Exit status 1 if files are damaged.",
    )
    move.add_argument("--to", metavar="FILE", required=True, help="new settings, one VOXEL51_SERVER_…=VALUE per line")
    move.add_argument("--prepare", action="store_true", help="only copy files, also while the platform runs")
    move.set_defaults(run=guarded(_move))
    migrate = verbs.add_parser(
        "migrate",
        help="bring the tables of the database to this version",
        description="Apply the missing migrations of the database, as the next start would do.",
    )
    migrate.add_argument("--check", action="store_true", help="change nothing; exit status 1 if migrations are missing")
    migrate.set_defaults(run=guarded(_migrate))
    for each in (move, migrate):
        add_folder(each)
        each.add_argument("--json", action="store_true", help="print the result as one JSON document")


def _move(options: argparse.Namespace) -> int:
    from voxel51.server.backups.moving import move, prepare_move

    source, target = settings(options), _target(options)
    with shown_progress() as report:
        if options.prepare:
            count = prepare_move(source, target, report)
            print(json.dumps({"files": count}) if options.json else f"Copied {count} files. Stop the platform and move")
            return 0
        moved = move(source, target, report)
    rows = sum(table.rows for table in moved.tables.values())
    lost = [asdict(each) for each in moved.verified.lost]
    if options.json:
        tables = {name: asdict(table) for name, table in moved.tables.items()}
        result = {"files": moved.files, "tables": tables, "checked": moved.verified.checked, "damaged": lost}
        print(json.dumps(result, indent=2))
        return 1 if lost else 0
    for each in moved.verified.lost:
        print(f"DAMAGED  {each.file.subject}: {each.file.key} {each.problem}")
    print(f"Moved {moved.files} files and {rows} records; {moved.verified.checked} files checked: {len(lost)} damaged")
    if lost:
        print("The move is unfinished. Repair the files (voxel51 server verify), and repeat it.")
        return 1
    print(f"Start the platform with the settings in {options.to}. The old files remain; delete them when all is well.")
    return 0


def _target(options: argparse.Namespace) -> "Settings":
    """Return the settings in the file, which replace those of the environment."""
    from voxel51.server.settings import PREFIX, Settings

    variables = _variables(Path(options.to))
    for name, text in variables.items():
        if not name.startswith(PREFIX):
            os.environ.setdefault(name, text)  # keys of the store, which its clients read
    own = {name: text for name, text in variables.items() if name.startswith(PREFIX)}
    folder = None if f"{PREFIX}DIR" in own else str(settings(options).folder)
    return Settings.load(own, {"dir": folder})


def _variables(path: Path) -> dict[str, str]:
    """Return the variables in a file of lines ``NAME=VALUE``, as systemd and container engines read them.

    Raises:
        RuntimeError: a line is something else.
    """
    variables = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator or not name.isidentifier():
            raise RuntimeError(f"{path}, line {number}: {line[:40]!r} is not NAME=VALUE")
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        variables[name] = value[1:-1] if is_quoted else value
    return variables


def _migrate(options: argparse.Namespace) -> int:
    from voxel51.server.database.opening import migrate, missing_migrations

    loaded = settings(options)
    if options.check:
        missing = missing_migrations(loaded)
        print(json.dumps({"missing": missing}) if options.json else _shown(missing))
        return 1 if missing else 0
    applied = migrate(loaded)
    if options.json:
        print(json.dumps({"applied": applied}))
    else:
        print(f"Applied {', '.join(applied)}" if applied else "The tables are up to date")
    return 0


def _shown(missing: list[str]) -> str:
    return f"Missing migrations: {', '.join(missing)}" if missing else "The tables are up to date"
