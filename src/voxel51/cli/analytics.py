"""``voxel51 analytics``: list, describe, upload and delete analytics."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from voxel51.cli import analytic_deployment, analytic_diff, analytic_sources
from voxel51.cli.analytic_names import find_analytic
from voxel51.cli.bulk import confirmed
from voxel51.cli.listing import add_flag_options, add_list_options, apply_list_options, flag_search, show
from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, Record, table
from voxel51.cli.profiles import client
from voxel51.wire.query import ANALYTICS_FIELDS

_UPLOAD_FIELDS = ("id", "name", "version", "scope", "supports_cpu", "supports_gpu", "is_image_to_video", "description")
COLUMNS = ("id", "name", "version", "scope", "supports_cpu", "supports_gpu", "pending", "upload_date")
_EXAMPLES = """\
  voxel51 analytics list
  voxel51 analytics doc ID
  voxel51 analytics deploy red_cars.py"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    listing = command(verbs, "list", _list, "list analytics")
    add_list_options(listing)
    listing.add_argument("--all-versions", action="store_true", help="list all versions, not only the latest")
    listing.add_argument("--public", action="store_true", help="list public analytics")
    listing.add_argument("--user", action="store_true", help="list your own analytics")
    add_flag_options(listing, "pending")
    info = command(verbs, "info", _info, "show the records of analytics")
    info.add_argument("ids", metavar="ID", nargs="+", help="id of an analytic")
    info.add_argument("-a", "--all-fields", action="store_true", help="show all fields")
    doc = command(verbs, "doc", _doc, "show an analytic's inputs, parameters and outputs")
    doc.add_argument("id", metavar="ID", help="id of an analytic")
    doc.add_argument("-p", "--path", metavar="PATH", help="write the document to this file")
    upload = command(verbs, "upload", _upload, "upload the manifest of an analytic")
    upload.add_argument("path", metavar="PATH", help="path of the manifest (JSON)")
    upload.add_argument("-t", "--analytic-type", metavar="TYPE", default="PLATFORM", help="PLATFORM or IMAGE_TO_VIDEO")
    upload.add_argument("--print-id", action="store_true", help="print only the id")
    image = command(verbs, "upload-image", _upload_image, "upload a container image of an analytic")
    image.add_argument("-i", "--id", metavar="ID", required=True, help="id of the analytic")
    image.add_argument("-p", "--path", metavar="PATH", required=True, help="image archive written by `docker save`")
    image.add_argument("-t", "--image-type", metavar="TYPE", required=True, help="CPU or GPU")
    analytic_sources.add_to(verbs)
    analytic_deployment.add_to(verbs)
    analytic_diff.add_to(verbs)
    delete = command(verbs, "delete", _delete, "delete your own analytics")
    delete.add_argument("ids", metavar="ANALYTIC", nargs="+", help="id of an analytic, or its NAME@VERSION")
    delete.add_argument("-f", "--force", action="store_true", help="do not ask for confirmation")


def _list(options: argparse.Namespace) -> int:
    from voxel51.users.query import AnalyticsQuery

    scopes = "|".join(scope for scope in ("public", "user") if getattr(options, scope))
    searches = [
        *([f"scope:{scopes}"] if scopes else []),
        *([options.search] if options.search else []),
        *flag_search(options, "pending", options.search, by_default=None),
    ]
    query = apply_list_options(options, AnalyticsQuery().set_all_versions(options.all_versions), searches)
    query.fields.append("unavailable_reason")
    with client(options) as api:
        records = api.query_analytics(query)["analytics"]
    _name_unavailable(records, options)
    return show(options, records, COLUMNS, ANALYTICS_FIELDS, lambda found: f"Found {len(found)} analytic(s)")


def _info(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        responses = api.batch_get_analytic_details(options.ids)
    records = []
    for analytic_id, response in responses.items():
        if response["success"]:
            records.append(response["response"])
        else:
            printer.failure("get analytic", analytic_id, response["error"]["message"])
    _name_unavailable(records, options)
    printer.records(records, ANALYTICS_FIELDS if options.all_fields else COLUMNS)
    return printer.finish()


def _name_unavailable(records: Iterable[Record], options: argparse.Namespace) -> None:
    """Name analytics that cannot run on standard error, because standard output is that of the original client."""
    for record in records:
        if record.get("unavailable_reason") and not options.quiet:
            print(f"{record['name']} {record['version']} cannot run: {record['unavailable_reason']}", file=sys.stderr)


def _doc(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        document = api.get_analytic_doc(options.id)
    text = json.dumps(document, indent=4)
    if options.path:
        Path(options.path).write_text(text, encoding="utf-8")
        text = f"Documentation for analytic '{options.id}' written to '{options.path}'"
    printer.result(text, document)
    return printer.finish()


def _upload(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        analytic = api.upload_analytic(options.path, analytic_type=options.analytic_type)
    if options.print_id:
        printer.result(analytic["id"], analytic["id"])
    else:
        printer.result(table([(name, analytic.get(name)) for name in _UPLOAD_FIELDS], ["Analytic", ""]), analytic)
    return printer.finish()


def _upload_image(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.upload_analytic_image(options.id, options.path, options.image_type)
    message = f"{options.image_type} image for analytic {options.id} uploaded"
    printer.result(message, {"id": options.id, "image_type": options.image_type})
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    printer.remark(f"Found {len(options.ids)} analytic(s) to delete")
    if not options.force and not confirmed():
        return 0
    with client(options) as api:
        for analytic in options.ids:
            # A name alone would mean one of several versions.
            api.delete_analytic(find_analytic(api, analytic)["id"] if "@" in analytic else analytic)
            printer.remark(f"Analytic '{analytic}' deleted")
    if options.json:
        printer.result("", options.ids)
    return printer.finish()
