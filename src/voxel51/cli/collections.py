"""``voxel51 collections``: create, fill, list and share collections of data."""

import argparse

from voxel51.cli.listing import add_list_options, apply_list_options, show
from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.users.api import API
from voxel51.wire.collections import CollectionRole
from voxel51.wire.query import DATA_FIELDS, MEDIA_FIELDS

_COLUMNS = ("name", "owner", "role", "data_count", "description", "id")
_DATA_COLUMNS = ("id", "name", "size", "type", "duration_seconds", "width", "height", "tags")
_EXAMPLES = """\
  voxel51 collections create junction --description "North camera"
  voxel51 collections add junction --search "name:north,duration_seconds:>60"
  voxel51 collections data junction
  voxel51 collections share junction bob --role editor
  voxel51 run voxel51/object-tracks --query collection:junction"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list your collections, and those shared with you")
    create = command(verbs, "create", _create, "create a collection")
    create.add_argument("name", metavar="NAME", help="name of the collection")
    create.add_argument("--description", metavar="TEXT", default="", help="description")
    for verb, summary in (("add", "add data to a collection"), ("remove", "remove data from a collection")):
        change = command(verbs, verb, _change, summary)
        _add_collection(change)
        change.add_argument("ids", metavar="ID", nargs="*", help="id of data")
        change.add_argument("--search", metavar="SEARCH", help="all data that match, such as tag:street")
        change.set_defaults(verb=verb)
    data = command(verbs, "data", _data, "list the data in a collection")
    _add_collection(data)
    add_list_options(data)
    share = command(verbs, "share", _share, "share a collection with a user")
    _add_collection(share)
    share.add_argument("username", metavar="USER", help="name of the user")
    share.add_argument("--role", choices=[CollectionRole.VIEWER.value, CollectionRole.EDITOR.value],
                       default=CollectionRole.VIEWER.value, help="viewer (default) or editor")  # fmt: skip
    unshare = command(verbs, "unshare", _unshare, "end a share, or leave a collection")
    _add_collection(unshare)
    unshare.add_argument("username", metavar="USER", help="name of the user")
    _add_collection(command(verbs, "shares", _shares, "list the users with whom a collection is shared"))
    _add_collection(command(verbs, "delete", _delete, "delete a collection; its data stay"))


def _add_collection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("collection", metavar="COLLECTION", help="name or id of a collection")


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_collections()
    printer.records([*found], _COLUMNS)
    return printer.finish()


def _create(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        created = api.create_collection(options.name, options.description)
    printer.result(f"Collection '{created['name']}' created", created)
    return printer.finish()


def _id(api: API, options: argparse.Namespace) -> str:
    return str(api.collection(options.collection)["id"])


def _change(options: argparse.Namespace) -> int:
    if bool(options.ids) == bool(options.search):
        raise ValueError("either ids of data or --search is required")
    printer = Printer(options)
    ids, search = options.ids or None, options.search
    with client(options) as api:
        collection_id = _id(api, options)
        change = api.add_to_collection if options.verb == "add" else api.remove_from_collection
        changed = change(collection_id, ids, search)
    for data_id in changed["not_found"]:
        printer.failure(f"{options.verb} data", data_id, "not found")
    if not changed["is_complete"]:
        printer.remark("The search matches more data than one command changes. Narrow it, and repeat the command")
    done = "added to" if options.verb == "add" else "removed from"
    printer.result(f"{changed['changed']} data {done} '{options.collection}'", changed)
    return printer.finish()


def _data(options: argparse.Namespace) -> int:
    from voxel51.users.query import DataQuery

    query = apply_list_options(options, DataQuery(), [options.search] if options.search else [])
    query.add_fields((*MEDIA_FIELDS, "tags", "metadata"))
    with client(options) as api:
        records = [*api.iter_collection_data(_id(api, options), query)]
    shown = [*records] if options.json else [{**each, "tags": ", ".join(each["tags"] or ())} for each in records]
    all_columns = (*DATA_FIELDS, *MEDIA_FIELDS, "tags")
    return show(options, shown, _DATA_COLUMNS, all_columns, lambda found: f"{len(found)} data")


def _share(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.share_collection(_id(api, options), options.username, options.role)
    shared = {"username": options.username, "role": options.role}
    printer.result(f"'{options.username}' is {options.role} of '{options.collection}'", shared)
    return printer.finish()


def _unshare(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.unshare_collection(_id(api, options), options.username)
    printer.result(f"'{options.username}' can no longer read '{options.collection}'", options.username)
    return printer.finish()


def _shares(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_collection_shares(_id(api, options))
    printer.records([*found], ("username", "role"))
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        collection_id = _id(api, options)
        api.delete_collection(collection_id)
    printer.result(f"Collection '{options.collection}' deleted", collection_id)
    return printer.finish()
