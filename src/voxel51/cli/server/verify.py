"""``voxel51 server verify``: compare all stored files with their records, and repair what can be repaired."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from voxel51.cli.server.shared import add_folder, guarded, settings

if TYPE_CHECKING:
    from voxel51.server.storage.verification import DamagedFile, Verification


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    verify = verbs.add_parser(
        "verify",
        help="compare all stored files with their records, and repair damaged ones",
        description="Compare the size and SHA-256 of every stored file with its record. A damaged file is replaced if "
        "another record has an intact copy. Can run while the platform runs. Exit status 1 if damage remains.",
    )
    add_folder(verify)
    verify.add_argument("--quick", action="store_true", help="check existence and size only, without reading the files")
    verify.add_argument("--no-repair", action="store_true", help="report damaged files, and change nothing")
    verify.add_argument("--json", action="store_true", help="print the result as one JSON document")
    verify.set_defaults(run=guarded(_verify))


def _verify(options: argparse.Namespace) -> int:
    from voxel51.server.database.opening import open_database
    from voxel51.server.storage.opening import storage_of
    from voxel51.server.wiring.verification import build_verifier

    present = settings(options)
    database = open_database(present)
    try:
        found = build_verifier(database, storage_of(present)).verify(
            hashes=not options.quick, repair=not options.no_repair
        )
    finally:
        database.close()
    if options.json:
        print(json.dumps({"checked": found.checked, "damaged": [asdict(each) for each in found.damaged]}, indent=2))
    else:
        _print(found)
    return 1 if found.lost else 0


def _print(found: "Verification") -> None:
    for each in found.damaged:
        print(_line(each))
    if not found.damaged:
        print(f"{found.checked} stored files are intact")
        return
    repaired = len(found.damaged) - len(found.lost)
    print(f"{found.checked} stored files checked: {len(found.damaged)} damaged, {repaired} of them repaired")
    if found.lost:
        print(
            "Restore the others from a backup, or ask their owners to upload the same files again, which repairs them"
        )


def _line(damaged: "DamagedFile") -> str:
    state = "repaired" if damaged.repaired_from is not None else "DAMAGED "
    return f"{state}  {damaged.file.subject}: {damaged.file.key} {damaged.problem}"
