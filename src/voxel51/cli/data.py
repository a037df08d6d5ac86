"""``voxel51 data``: upload, list, download and delete data."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.bulk import Bulk, add_bulk_options, run_bulk
from voxel51.cli.listing import add_list_options, apply_list_options, show
from voxel51.cli.parsing import Commands, Parser, add_commands, command
from voxel51.cli.printing import Printer, Record, human_size
from voxel51.cli.profiles import client
from voxel51.wire.query import DATA_FIELDS, DATA_FURTHER_FIELDS

if TYPE_CHECKING:
    from voxel51.users.api import API

COLUMNS = ("id", "name", "size", "type", "upload_date", "expiration_date")
FACT_COLUMNS = ("id", "name", "duration_seconds", "width", "height", "frame_rate", "video_codec", "tags", "analytics")
_EXAMPLES = """\
  voxel51 data upload holiday.mp4
  voxel51 data list --search name:holiday --count
  voxel51 data list --search "duration_seconds:>600,tag:street"
  voxel51 data tag ID --add street --set camera=north
  voxel51 data tag --search name:cam1 --add entrance
  voxel51 data delete --all --dry-run"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    listing = command(verbs, "list", _list, "list data")
    add_list_options(listing)
    listing.add_argument("--facts", action="store_true", help="show duration, resolution, tags and analytics instead")
    info = command(verbs, "info", _info, "show the records of data")
    info.add_argument("ids", metavar="ID", nargs="+", help="id of data")
    info.add_argument("-a", "--all-fields", action="store_true", help="show all fields")
    upload = command(verbs, "upload", _upload, "upload files")
    upload.add_argument("paths", metavar="PATH", nargs="+", help="file to upload")
    upload.add_argument("--print-id", action="store_true", help="print only the ids")
    _add_post_url(verbs)
    download = command(verbs, "download", _download, "download data, or print a download link")
    download.add_argument("id", metavar="ID", help="id of data")
    download.add_argument("-p", "--path", metavar="PATH", help="output path (default: the name of the data)")
    download.add_argument("-u", "--url", action="store_true", help="print a signed download link instead")
    ttl = command(verbs, "ttl", _ttl, "change the expiration date of data")
    add_bulk_options(ttl, "data")
    ttl.add_argument("--days", metavar="DAYS", type=float, help="extend by this number of days")
    ttl.add_argument("--date", metavar="DATE", help="set this expiration date")
    add_bulk_options(command(verbs, "delete", _delete, "delete data"), "data")
    tag = command(verbs, "tag", _tag, "set or remove tags and metadata of data")
    tag.add_argument("ids", metavar="ID", nargs="*", help="id of data")
    tag.add_argument("--search", metavar="TERMS", help="all data that match, such as name:cam1, instead of ids")
    tag.add_argument("--add", metavar="TAG", action="append", default=[], help="tag to set")
    tag.add_argument("--remove", metavar="TAG", action="append", default=[], help="tag to remove")
    tag.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="value of metadata to set")
    tag.add_argument("--unset", metavar="KEY", action="append", default=[], help="key of metadata to remove")
    command(verbs, "tags", _tags, "list the tags of your data")


def _add_post_url(verbs: Commands) -> None:
    post = command(verbs, "post-url", _post_url, "register a file on another host by its URL")
    post.add_argument("-u", "--url", required=True, help="URL of the file")
    post.add_argument("-f", "--filename", required=True, help="file name")
    post.add_argument("-m", "--mime-type", required=True, help="MIME type, such as video/mp4")
    post.add_argument("-s", "--size", type=int, required=True, help="exact size in bytes")
    post.add_argument("-e", "--expiration-date", required=True, help="date until which the URL is valid")
    post.add_argument("--print-id", action="store_true", help="print only the id")


def _list(options: argparse.Namespace) -> int:
    from voxel51.users.query import DataQuery

    searches = [options.search] if options.search else []
    query = apply_list_options(options, DataQuery(), searches)
    if options.facts:
        query.add_fields(DATA_FURTHER_FIELDS)
    with client(options) as api:
        records: list[Record] = [*api.iter_data(query)]
    if options.facts:
        shown = records if options.json else [_joined(each) for each in records]
        return show(options, shown, FACT_COLUMNS, (*DATA_FIELDS, *DATA_FURTHER_FIELDS), _counted)
    return show(options, records, COLUMNS, DATA_FIELDS, _counted)


def _joined(record: Record) -> Record:
    """Return a record with its lists as texts, for a table."""
    lists = {name: ", ".join(record[name] or ()) for name in ("analytics", "labels", "tags", "collections")}
    metadata = ", ".join(f"{key}={value}" for key, value in (record["metadata"] or {}).items())
    return {**record, **lists, "metadata": metadata}


def _counted(records: Sequence[Record]) -> str:
    total = sum(each["size"] or 0 for each in records)
    return f"Showing {len(records)} data, {human_size(total)}"


def _info(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        responses = api.batch_get_data_details(options.ids)
    records = []
    for data_id, response in responses.items():
        if response["success"]:
            records.append(response["response"])
        else:
            printer.failure("get data", data_id, response["error"]["message"])
    printer.records(records, DATA_FIELDS if options.all_fields else COLUMNS)
    return printer.finish()


def _upload(options: argparse.Namespace) -> int:
    printer = Printer(options)
    uploaded: list[Record] = []
    with client(options) as api:
        for path in options.paths:
            if not options.print_id:
                printer.remark(f"Uploading data '{path}'")
            uploaded.append({**api.upload_data(path), "path": path})
    if options.print_id:
        printer.result("\n".join(each["id"] for each in uploaded), [each["id"] for each in uploaded])
    else:
        printer.remark("")
        printer.raw_records(uploaded)
        printer.remark("")
    return printer.finish()


def _post_url(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        posted = api.post_data_as_url(
            options.url, options.filename, options.mime_type, options.size, options.expiration_date
        )
    if options.print_id:
        printer.result(posted["id"], posted["id"])
    else:
        printer.raw_records([posted])
    return printer.finish()


def _download(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.url:
            url = api.get_data_download_url(options.id)
            printer.result(url, url)
        else:
            path = str(api.download_data(options.id, options.path))
            printer.result(f"Downloaded '{options.id}' to '{path}'", {"id": options.id, "path": str(Path(path))})
    return printer.finish()


def _ttl(options: argparse.Namespace) -> int:
    if not options.days and not options.date:
        return 0
    with client(options) as api:
        bulk = Bulk(
            action="update TTL of data",
            found="Found {n} data to update TTL",
            done="{k}/{n} data TTL(s) updated",
            all_ids=lambda: [each["id"] for each in api.list_data()],
            act=lambda ids: api.batch_update_data_ttl(ids, days=options.days, expiration_date=options.date),
            is_announced=True,
        )
        return run_bulk(options, bulk)


def _delete(options: argparse.Namespace) -> int:
    with client(options) as api:
        bulk = Bulk(
            action="delete data",
            found="Found {n} data to delete",
            done="{k}/{n} data deleted",
            all_ids=lambda: [each["id"] for each in api.list_data()],
            act=api.batch_delete_data,
        )
        return run_bulk(options, bulk)


def _tag(options: argparse.Namespace) -> int:
    printer = Printer(options)
    metadata: dict[str, str | None] = dict.fromkeys(options.unset)
    for text in options.set:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not KEY=VALUE")
        metadata[key] = value
    if not (options.add or options.remove or metadata):
        raise ValueError("nothing to change: use --add, --remove, --set or --unset")
    if bool(options.ids) == (options.search is not None):
        raise ValueError("either ids of data or --search is required")
    with client(options) as api:
        if options.search is not None:
            return _tag_matching(printer, api, options, metadata)
        responses = api.update_data(options.ids, options.add, options.remove, metadata)
    done = []
    for data_id, response in responses.items():
        if response["success"]:
            done.append(response["response"])
        else:
            printer.failure("tag data", data_id, response["error"]["message"])
    printer.result(f"{len(done)}/{len(responses)} data changed", done)
    return printer.finish()


def _tag_matching(printer: Printer, api: "API", options: argparse.Namespace, metadata: Mapping[str, str | None]) -> int:
    found = api.update_matching_data(options.search, options.add, options.remove, metadata)
    printer.result(f"{found['changed']} data changed", found)
    if found["failure"] is not None:
        printer.failure("tag data", f"{found['failed']} of them", found["failure"])
    if not found["is_complete"]:
        printer.remark("The search matches more data than one call changes. Narrow it")
    return printer.finish()


def _tags(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        tags = api.list_data_tags()
    printer.records([*tags], ("tag", "data"))
    return printer.finish()
