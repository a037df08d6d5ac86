"""``voxel51 analytics deploy|logs|versions|rollback``: deploy bundles, and choose the version that runs."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from voxel51.cli.analytic_sources import naming_line
from voxel51.cli.job_logs import add_follow_option, print_log
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.users.api import API
from voxel51.users.query import AnalyticsQuery, JobsQuery
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.bundles import Build, BuildFailure, BuildState

_POLL_SECONDS = 0.2
_RECENT_JOBS = 500
_VERSION_COLUMNS = ("version", "latest", "unavailable_reason", "upload_date", "id")


def add_to(verbs: Commands) -> None:
    """Add the commands to the noun ``analytics``."""
    deploy = command(verbs, "deploy", _deploy, "deploy the analytic of a Python file or project folder")
    deploy.add_argument("path", metavar="PATH", help="Python file, or project folder")
    deploy.add_argument("--no-check", action="store_true", help="do not import the analytic here before")
    deploy.add_argument("--no-wait", action="store_true", help="do not wait until its environment is built")
    deploy.epilog = "Exit status 1 if the analytic cannot be deployed or built."
    logs = command(verbs, "logs", _logs, "show the build log of an analytic that you deployed")
    logs.add_argument(
        "name", metavar="NAME[@VERSION]", help="name of the analytic (default: the last deployed version)"
    )
    logs.add_argument("--job", action="store_true", help="show the log of its last job instead")
    add_follow_option(logs, "the build or the job")
    versions = command(verbs, "versions", _versions, "list the versions of an analytic")
    versions.add_argument("name", metavar="NAME", help="name of the analytic")
    rollback = command(verbs, "rollback", _rollback, "make an earlier version of your analytic the latest")
    rollback.add_argument("name", metavar="NAME", help="name of the analytic")
    rollback.add_argument("version", metavar="VERSION", help="version that jobs get which name none")
    rollback.epilog = "It stays the latest until a version that is higher than all others is deployed."


def _deploy(options: argparse.Namespace) -> int:
    printer = Printer(options)
    if not options.no_check:
        printer.remark(_check(Path(options.path)))
    with client(options) as api:
        is_shown = sys.stderr.isatty() and not (options.json or options.quiet)
        analytic = api.deploy_analytic(Path(options.path), progress=is_shown)
        printer.remark(f"Deployed {analytic['name']} {analytic['version']}, which is being built")
        build = analytic["build"] if options.no_wait else _follow(api, analytic["id"], printer)
        if not options.no_wait:
            analytic = {**api.get_analytic_details(analytic["id"]), "build": build}
        _report(api, analytic, build, printer)
    return max(printer.finish(), int(build["state"] == BuildState.FAILED))


def _check(path: Path) -> str:
    """Import the analytic, which checks its manifest, and return a sentence about the result.

    Raises:
        voxel51.platform.errors.InvalidAnalytic: no manifest can be derived; the text has the line and the fix.
        RuntimeError: the import failed; the text has the line.
    """
    try:
        from voxel51.platform.sources import load_source

        with naming_line(path):
            document = load_source(path.resolve()).document
    except ModuleNotFoundError as error:
        return f"Not checked here, as {error.name or error} is not installed: the platform checks it"
    return f"Checked {document['info']['name']} {document['info']['version']}: its manifest is valid"


def _follow(api: API, analytic_id: str, printer: Printer) -> Build:
    """Print the log of a build until it has ended, and return the build."""
    offset, waits_for = 0, ""
    while True:
        part = api.get_analytic_build_log(analytic_id, offset)
        for line in part["text"].splitlines():
            printer.remark(f"  {line}")
        if part["is_complete"]:
            return api.get_analytic_build(analytic_id)
        offset = part["next_offset"]
        if not part["text"]:
            reason = api.get_analytic_build(analytic_id).get("error", {}).get("message", "")
            if reason and reason != waits_for:
                waits_for, offset = reason, 0  # the next attempt has a log of its own
                printer.remark(f"  waiting, as the platform cannot build it now: {reason}")
            time.sleep(_POLL_SECONDS)


def _report(api: API, analytic: AnalyticRecord, build: Build, printer: Printer) -> None:
    name, version = analytic["name"], analytic["version"]
    if build["state"] == BuildState.FAILED:
        error = build["error"]
        printer.result(f"{name} {version} could not be built: {_reason(error)}", analytic)
        return
    if build["state"] != BuildState.READY:
        printer.result(f"{name} {version} is being built. See: voxel51 analytics logs {name}@{version}", analytic)
        return
    page = f"{api.base_url.removesuffix('/v1')}/analytics/{analytic['id']}"
    lines = [f"{name} {version} is ready", f"  {page}", f"  voxel51 run {name}@{version} VIDEO"]
    printer.result("\n".join(lines), {**analytic, "url": page})


def _reason(error: BuildFailure) -> str:
    """Return the reason of a failed build after its place: ``red_cars.py:7 (parameters[0].default): …``."""
    place = ":".join(str(error[key]) for key in ("file", "line") if key in error)
    field = error.get("field")
    if field is not None and field not in error["message"]:
        place = f"{place} ({field})" if place else field
    return f"{place}: {error['message']}" if place else error["message"]


def _logs(options: argparse.Namespace) -> int:
    printer = Printer(options)
    name, _, version = options.name.partition("@")
    with client(options) as api:
        analytic = _newest(_versions_of(api, name), name, version)
        if options.job:
            job_id = _last_job(api, analytic)
            print_log(api, job_id, options, printer, lambda text: {"id": analytic["id"], "log": text})
            return printer.finish()
        build = _follow(api, analytic["id"], printer) if options.follow else None
        text = _build_log(api, analytic["id"])
    if build is None or options.json:
        printer.result(text.rstrip("\n"), {"id": analytic["id"], "log": text})
    return max(printer.finish(), int(build is not None and build["state"] == BuildState.FAILED))


def _build_log(api: API, analytic_id: str) -> str:
    text, offset = "", -1
    part = api.get_analytic_build_log(analytic_id)
    while part["next_offset"] != offset:
        text, offset = text + part["text"], part["next_offset"]
        part = api.get_analytic_build_log(analytic_id, offset)
    return text


def _last_job(api: API, analytic: AnalyticRecord) -> str:
    """Return the id of the last job of the caller that ran an analytic."""
    query = JobsQuery().add_fields(["id", "analytic_id"]).sort_by("upload_date").set_limit(_RECENT_JOBS)
    jobs = [each["id"] for each in api.query_jobs(query)["jobs"] if each["analytic_id"] == analytic["id"]]
    if not jobs:
        raise ValueError(
            f"analytic '{analytic['name']}' {analytic['version']} ran none of your last {_RECENT_JOBS} jobs"
        )
    job_id: str = jobs[0]
    return job_id


def _versions(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = _versions_of(api, options.name)
    _newest(found, options.name, "")
    printer.records(found, _VERSION_COLUMNS)
    return printer.finish()


def _rollback(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        analytic = _newest(_versions_of(api, options.name), options.name, options.version)
        latest = api.make_analytic_latest(analytic["id"])
    printer.result(f"{latest['name']} {latest['version']} is the latest version", latest)
    return printer.finish()


def _versions_of(api: API, name: str) -> list[AnalyticRecord]:
    """Return all versions of an analytic, the last deployed first. A name without an owner is one of the caller's."""
    query = AnalyticsQuery().set_all_versions(True).add_search("name", name.replace(":", "")).sort_by("upload_date")
    query.fields += ["name", "scope", *_VERSION_COLUMNS]
    found = api.query_analytics(query)["analytics"]
    if "/" in name:
        return [each for each in found if each["name"] == name]
    return [each for each in found if each["name"].partition("/")[2] == name and each["scope"] != "public"]


def _newest(found: Sequence[AnalyticRecord], name: str, version: str) -> AnalyticRecord:
    matches = [each for each in found if version in {"", each["version"]}]
    if not matches:
        versions = ", ".join(each["version"] for each in found)
        known = f"; its versions are {versions}" if versions else ". `voxel51 analytics list --user` lists yours"
        raise ValueError(f"analytic '{name}{f'@{version}' if version else ''}' not found{known}")
    return matches[0]
