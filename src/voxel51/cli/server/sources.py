"""``voxel51 server source``: register folders and prefixes of buckets, whose files become data of a user in place."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from voxel51.cli.parsing import show_help
from voxel51.cli.server.shared import add_folder, guarded, open_platform, settings

if TYPE_CHECKING:
    from voxel51.server.data.in_place import InPlaceService
    from voxel51.server.database.database import Database


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its commands."""
    source = nouns.add_parser("source", help="register files in place as data, without copying them")
    source.set_defaults(run=show_help(source))
    verbs = source.add_subparsers(title="commands", metavar="COMMAND")
    add = verbs.add_parser(
        "add",
        help="make the files of a folder or bucket a user's data",
        description="Make the files of a folder, a file or a prefix of a bucket data of a user. The setting "
        "source_locations must allow the place. A running platform adds the files, also later ones, within seconds.",
    )
    add.add_argument("user", metavar="USER")
    add.add_argument("location", metavar="LOCATION", help="absolute path, or s3://BUCKET/PREFIX")
    add.set_defaults(run=guarded(_add))
    listing = verbs.add_parser("list", help="list the sources")
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    listing.set_defaults(run=guarded(_list))
    remove = verbs.add_parser("remove", help="forget a source and delete its records; the files stay")
    remove.add_argument("id", metavar="ID")
    remove.set_defaults(run=guarded(_remove))
    for each in (add, listing, remove):
        add_folder(each)


def _add(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.service import AccountService

    database = open_platform(options)
    owner = AccountService(database).find(options.user)
    print(f"Added the source {_sources(options, database).add(owner.id, options.location)}")
    return 0


def _list(options: argparse.Namespace) -> int:
    known = _sources(options, open_platform(options)).all()
    if options.json:
        print(json.dumps([asdict(each) for each in known], indent=2))
        return 0
    for each in known:
        state = each.problem or (f"listed {each.scanned_at}" if each.scanned_at else "not listed yet")
        state += f"; {each.left_out}" if each.left_out else ""
        print(f"{each.id}  {each.location}  {state}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    count = _sources(options, open_platform(options)).remove(options.id)
    print(f"Removed the source and {count} records. The files were not touched.")
    return 0


def _sources(options: argparse.Namespace, database: "Database") -> "InPlaceService":
    from voxel51.server.wiring.sources import in_place_service

    return in_place_service(database, settings(options))
