"""``voxel51 sources``: use files where they are, in folders and buckets that the platform can read."""

import argparse

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, local_time
from voxel51.cli.profiles import client
from voxel51.transport.errors import APIError

_COLUMNS = ("id", "location", "files", "scanned_date", "registered_by", "problem")
_EXAMPLES = """\
  voxel51 sources locations
  voxel51 sources add /recordings/north --collection junction
  voxel51 rules create voxel51/object-tracks --source ID
  voxel51 sources delete ID"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list the folders and buckets whose files are your data")
    command(verbs, "locations", _locations, "list where you may register sources")
    add = command(verbs, "add", _add, "make the media files of a folder or bucket your data, also later ones")
    add.add_argument(
        "location", metavar="LOCATION", help="absolute path on the platform's machine or s3://BUCKET/PREFIX"
    )
    add.add_argument("--collection", metavar="COLLECTION", help="name or id of a collection that gets the files")
    delete = command(verbs, "delete", _delete, "forget sources and delete their records; the files stay")
    delete.add_argument("ids", metavar="ID", nargs="+", help="id of a source")


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_data_sources()
    shown = [
        {**each, "scanned_date": local_time(each["scanned_date"] or ""), "problem": each["problem"] or each["left_out"]}
        for each in found
    ]
    printer.records([*found] if options.json else shown, _COLUMNS)
    return printer.finish()


def _locations(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_source_locations()
    printer.result("\n".join(found) or "You may not register sources. Ask the operator of the platform", found)
    return printer.finish()


def _add(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        collection = api.collection(options.collection)["id"] if options.collection else None
        source = api.add_data_source(options.location, collection_id=collection)
    printer.result(f"Source '{source['id']}' added. Its files become data soon", source)
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer, deleted = Printer(options), []
    with client(options) as api:
        for source_id in options.ids:
            try:
                api.delete_data_source(source_id)
            except APIError as error:
                printer.failure("delete source", source_id, str(error))
                continue
            deleted.append(source_id)
            printer.remark(f"Source '{source_id}' deleted. Its files were not touched")
    if options.json:
        printer.result("", deleted)
    return printer.finish()
