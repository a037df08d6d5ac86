"""``voxel51 jobs``: submit, start, watch, download and delete jobs."""

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from voxel51.cli.bulk import Bulk, add_bulk_options, run_bulk
from voxel51.cli.comparison import add_overlap, comparison_table
from voxel51.cli.job_logs import add_follow_option, print_log
from voxel51.cli.listing import add_flag_options, add_list_options, apply_list_options, flag_search, show
from voxel51.cli.parsing import Commands, Parser, add_commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.cli.scheduling import add_scheduling_options, scheduling_of
from voxel51.cli.watch import add_watch
from voxel51.users.api import API
from voxel51.wire.query import JOBS_FIELDS

COLUMNS = ("id", "name", "state", "archived", "upload_date", "expiration_date", "expired")
_STATES = ("ready", "queued", "scheduled", "running", "complete", "failed")
_EXAMPLES = """\
  voxel51 jobs list --running --queued
  voxel51 jobs watch
  voxel51 jobs wait ID1 ID2
  voxel51 jobs log ID --follow
  voxel51 jobs download ID --format coco
  voxel51 jobs download ID --partial
  voxel51 jobs compare ID1 ID2
  voxel51 jobs kill --all --force"""
_BULK_VERBS: Mapping[str, tuple[str, str, str]] = {
    "start": ("start", "started", "state:READY,archived:False"),
    "archive": ("archive", "archived", "archived:False"),
    "unarchive": ("unarchive", "unarchived", "archived:True,expired:False"),
    "kill": ("kill", "killed", "archived:False,state:QUEUED|SCHEDULED"),
    "delete": ("delete", "deleted", "archived:False,state:READY"),
}
"""Verb -> the action, its past participle, and the search for the jobs that ``--all`` selects."""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    _add_list(verbs)
    info = command(verbs, "info", _info, "show the records of jobs")
    info.add_argument("ids", metavar="ID", nargs="+", help="id of a job")
    info.add_argument("-a", "--all-fields", action="store_true", help="show all fields")
    upload = command(verbs, "upload", _upload, "submit a job")
    upload.add_argument("-r", "--request", metavar="PATH", required=True, help="path of the job request (JSON)")
    upload.add_argument("-n", "--name", metavar="NAME", required=True, help="name of the job")
    upload.add_argument("--auto-start", action="store_true", help="start the job immediately")
    upload.add_argument("--print-id", action="store_true", help="print only the id")
    add_scheduling_options(upload)
    for verb in _BULK_VERBS:
        add_bulk_options(command(verbs, verb, _change, f"{verb} jobs"), "a job")
        verbs.choices[verb].set_defaults(verb=verb)
    verbs.choices["kill"].add_argument("--reason", metavar="TEXT", help="reason, which the record of the job shows")
    ttl = command(verbs, "ttl", _ttl, "change the expiration date of job outputs")
    add_bulk_options(ttl, "a job")
    ttl.add_argument("--days", metavar="DAYS", type=float, help="extend by this number of days")
    ttl.add_argument("--date", metavar="DATE", help="set this expiration date")
    _add_show_commands(verbs)
    _add_wait_commands(verbs)


def _add_list(verbs: Commands) -> None:
    parser = command(verbs, "list", _list, "list jobs")
    add_list_options(parser)
    for state in _STATES:
        parser.add_argument(f"--{state}", action="store_true", help=f"list jobs in state {state.upper()}")
    add_flag_options(parser, "archived")
    add_flag_options(parser, "expired")


def _add_show_commands(verbs: Commands) -> None:
    for verb, run, summary in (
        ("request", _request, "show a job's request"),
        ("status", _status, "show a job's status, progress and messages"),
    ):
        parser = command(verbs, verb, run, summary)
        parser.add_argument("id", metavar="ID", help="id of a job")
        parser.add_argument("-p", "--path", metavar="PATH", help="write to this file")
    log = command(verbs, "log", _log, "show a job's log, or the last lines of a running job")
    add_follow_option(log)
    download = command(verbs, "download", _download, "download a job's output, or print a download link")
    for parser in (log, download):
        parser.add_argument("id", metavar="ID", help="id of a job")
        parser.add_argument("-p", "--path", metavar="PATH", help="write to this file")
        parser.add_argument("-u", "--url", action="store_true", help="print a signed download link instead")
    download.add_argument(
        "--format", metavar="NAME", help="coco, yolo, mot, cvat, voc, csv or parquet (default: native)"
    )
    download.add_argument(
        "--partial", action="store_true", help="download the labels that a running or failed job has found so far"
    )


def _add_wait_commands(verbs: Commands) -> None:
    compare = command(verbs, "compare", _compare, "compare the labels of two jobs on the same video")
    compare.add_argument("id", metavar="A", help="id of the first job")
    compare.add_argument("other", metavar="B", help="id of the second job")
    add_overlap(compare)
    wait = command(verbs, "wait", _wait, "wait until jobs end; exits with 1 if a job fails")
    wait.add_argument("ids", metavar="ID", nargs="+", help="id of a job")
    wait.add_argument("--timeout", metavar="SECONDS", type=float, help="maximum time to wait")
    add_watch(verbs)
    retry = command(verbs, "retry", _retry, "submit and start jobs again with the same request")
    retry.add_argument("ids", metavar="ID", nargs="+", help="id of a job")
    retry.add_argument(
        "--parts", action="store_true", help="of failed split jobs: keep the complete parts, and run the others again"
    )


def _list(options: argparse.Namespace) -> int:
    from voxel51.users.query import JobsQuery

    states = "|".join(state.upper() for state in _STATES if getattr(options, state))
    searches = [
        *([f"state:{states}"] if states else []),
        *([options.search] if options.search else []),
        *flag_search(options, "archived", options.search, by_default=False),
        *flag_search(options, "expired", None, by_default=None),
    ]
    with client(options) as api:
        records = [*api.iter_jobs(apply_list_options(options, JobsQuery(), searches))]
    return show(options, records, COLUMNS, JOBS_FIELDS, lambda found: f"Showing {len(found)} job(s)")


def _info(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        responses = api.batch_get_job_details(options.ids)
    records = []
    for job_id, response in responses.items():
        if response["success"]:
            records.append(response["response"])
        else:
            printer.failure("get job", job_id, response["error"]["message"])
    printer.records(records, JOBS_FIELDS if options.all_fields else COLUMNS)
    return printer.finish()


def _upload(options: argparse.Namespace) -> int:
    from voxel51.users.jobs import JobRequest

    printer = Printer(options)
    request = JobRequest.from_json(options.request)
    with client(options) as api:
        job = api.upload_job_request(
            request, options.name, auto_start=options.auto_start, scheduling=scheduling_of(options)
        )
    done = "Created and started" if options.auto_start else "Created"
    if options.print_id:
        printer.result(job["id"], job["id"])
    else:
        printer.result(f"{done} job '{job['id']}'", job)
    return printer.finish()


def _change(options: argparse.Namespace) -> int:
    action, done, search = _BULK_VERBS[options.verb]
    with client(options) as api:
        act = getattr(api, f"batch_{options.verb}_jobs")
        if options.verb == "kill":
            act = partial(act, reason=options.reason)
        bulk = Bulk(
            action=f"{action} job",
            found=f"Found {{n}} job(s) to {action}",
            done=f"{{k}}/{{n}} job(s) {done}",
            all_ids=lambda: _ids(api, search),
            act=act,
        )
        return run_bulk(options, bulk)


def _ttl(options: argparse.Namespace) -> int:
    if not options.days and not options.date:
        return 0
    with client(options) as api:
        bulk = Bulk(
            action="update TTL of job",
            found="Found {n} jobs to update TTL",
            done="{k}/{n} job TTL(s) updated",
            all_ids=lambda: _ids(api, "expired:False"),
            act=lambda ids: api.batch_update_jobs_ttl(ids, days=options.days, expiration_date=options.date),
            is_announced=True,
        )
        return run_bulk(options, bulk)


def _ids(api: API, search: str) -> Sequence[str]:
    from voxel51.users.query import JobsQuery

    query = JobsQuery().add_field("id").add_search_direct(search).sort_by("upload_date", descending=False)
    return [job["id"] for job in api.iter_jobs(query)]


def _request(options: argparse.Namespace) -> int:
    with client(options) as api:
        document = json.loads(str(api.get_job_request(options.id)))
    return _show_document(options, "Request", document)


def _status(options: argparse.Namespace) -> int:
    with client(options) as api:
        return _show_document(options, "Status", api.get_job_status(options.id))


def _show_document(options: argparse.Namespace, what: str, document: object) -> int:
    printer = Printer(options)
    text = json.dumps(document, indent=4)
    if options.path:
        Path(options.path).write_text(text, encoding="utf-8")
        text = f"{what} for job '{options.id}' written to '{options.path}'"
    printer.result(text, document)
    return printer.finish()


def _log(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.url:
            url = api.get_job_logfile_download_url(options.id)
            printer.result(url, url)
        else:
            print_log(api, options.id, options, printer)
    return printer.finish()


def _download(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.url:
            url = api.get_job_output_download_url(options.id)
            printer.result(url, url)
        else:
            path = _downloaded(api, options)
            printer.result(f"Downloaded '{options.id}' to '{path}'", {"id": options.id, "path": path})
    return printer.finish()


def _downloaded(api: API, options: argparse.Namespace) -> str:
    if options.partial:
        return str(api.download_partial_labels(options.id, options.path))
    return str(api.download_job_output(options.id, options.path, format=options.format))


def _compare(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        comparison = api.compare_jobs(options.id, options.other, options.overlap)
    printer.result(comparison_table(comparison), comparison)
    return printer.finish()


def _wait(options: argparse.Namespace) -> int:
    from voxel51.users.jobs import JobState

    printer = Printer(options)
    ended = []
    with client(options) as api:
        for job in api.wait(options.ids, timeout=options.timeout):
            printer.remark(f"{job['id']}  {job['state']}  {job['name']}")
            ended.append(job)
    failed = [job for job in ended if job["state"] == JobState.FAILED]
    if options.json:
        printer.result("", ended)
    return printer.finish() or (1 if failed else 0)


def _retry(options: argparse.Namespace) -> int:
    printer = Printer(options)
    new_ids: dict[str, str] = {}
    with client(options) as api:
        for job_id in options.ids:
            if options.parts:
                new_ids[job_id] = api.retry_job_parts(job_id)["id"]
            else:
                job, request = api.get_job_details(job_id), api.get_job_request(job_id)
                new_ids[job_id] = api.upload_job_request(request, job["name"], auto_start=True)["id"]
            printer.remark(f"Created and started job '{new_ids[job_id]}' as '{job_id}'")
    if options.json or options.quiet:
        printer.result("\n".join(new_ids.values()), new_ids)
    return printer.finish()
