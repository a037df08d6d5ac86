"""``voxel51 rules``: run analytics on each new video; list, show, pause and delete such rules."""

import argparse
from collections.abc import Callable, Mapping

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, local_time
from voxel51.cli.profiles import client
from voxel51.cli.watch_rule import run_of
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.wire.rules import Rule, RuleItemState, RuleTrigger

_EXAMPLES = """\
  voxel51 rules create voxel51/object-tracks --param confidence=0.6
  voxel51 rules create voxel51/object-tracks voxel51/shot-detection --collection junction
  voxel51 rules show ID --items --state FAILED
  voxel51 rules pause ID"""

_LIST_COLUMNS = ("id", "name", "state", "waits_for", "done", "open", "failed", "created_date")
_ITEM_COLUMNS = ("filename", "analytic", "state", "noted_date", "job_id", "message")

_CHANGES: Mapping[str, tuple[Callable[[API, str], Rule | None], str, str]] = {
    "pause": (API.pause_rule, "paused", "pause rules: they start no more jobs, and new videos wait"),
    "resume": (API.resume_rule, "resumed", "resume paused rules"),
    "retry": (API.retry_rule, "started again", "run the failed items of rules again"),
    "delete": (API.delete_rule, "deleted", "delete rules; their jobs stay"),
}
"""Verb -> the call, its past participle, and the summary."""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    create = command(verbs, "create", _create, "run analytics on each video that you add from now on")
    create.add_argument("analytics", metavar="ANALYTIC", nargs="+", help="full name of an analytic, or NAME@VERSION")
    create.add_argument("--param", metavar="NAME=VALUE", action="append", default=[],
                        help="parameter of the analytic; @PATH uploads a file; only with one analytic")  # fmt: skip
    place = create.add_mutually_exclusive_group()
    place.add_argument("--collection", metavar="COLLECTION", help="only videos that you add to this collection")
    place.add_argument("--source", metavar="ID", help="only videos of this source; see `voxel51 sources list`")
    create.add_argument("--name", metavar="NAME", help="name of the rule (default: the names of the analytics)")
    command(verbs, "list", _list, "list your rules, the newest first")
    show = command(verbs, "show", _show, "show a rule, or what it started")
    show.add_argument("id", metavar="ID", help="id of a rule")
    show.add_argument("--items", action="store_true", help="show the videos that the rule noted, and their jobs")
    show.add_argument("--state", choices=[*RuleItemState], help="show only items in this state")
    for verb, (_, _, summary) in _CHANGES.items():
        change = command(verbs, verb, _change, summary)
        change.add_argument("ids", metavar="ID", nargs="+", help="id of a rule")
        change.set_defaults(verb=verb)
    command(verbs, "sources", _sources, "list the folders and buckets whose files are your data")


def _create(options: argparse.Namespace) -> int:
    if options.param and len(options.analytics) > 1:
        raise ValueError("--param needs exactly one analytic; create one rule for each")
    printer = Printer(options)
    with client(options) as api:
        collection_id = None if options.collection is None else api.collection(options.collection)["id"]
        runs = [run_of(api, text, options.param) for text in options.analytics]
        rule = api.create_rule(runs, collection_id=collection_id, source_id=options.source, name=options.name)
    printer.result(f"Rule '{rule['id']}' created: {_sentence(rule)}", rule)
    return printer.finish()


def _sentence(rule: Rule) -> str:
    return f"{', '.join(run['analytic'] for run in rule['runs'])} on each new video {_waits_for(rule)}".rstrip()


def _waits_for(rule: Rule) -> str:
    return "" if rule["trigger"] == RuleTrigger.UPLOAD else f"of the {rule['trigger']} '{rule['place']}'"


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_rules()
    shown = [
        {**rule, **_summary(rule), "waits_for": _waits_for(rule), "created_date": local_time(rule["created_date"])}
        for rule in found
    ]
    printer.records([*found] if options.json else shown, _LIST_COLUMNS)
    return printer.finish()


def _summary(rule: Rule) -> dict[str, int]:
    counts = rule["counts"]
    done, still_open = counts["complete"] + counts["reused"], counts["waiting"] + counts["active"]
    return {"done": done, "open": still_open, "failed": counts["failed"]}


def _show(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.items or options.state:
            items = [*api.iter_rule_items(options.id, options.state)]
            shown = [{**item, "noted_date": local_time(item["noted_date"])} for item in items]
            printer.records([*items] if options.json else shown, _ITEM_COLUMNS)
        else:
            rule = api.get_rule(options.id)
            printer.result(_description(rule), rule)
    return printer.finish()


def _description(rule: Rule) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in rule["counts"].items() if count) or "no videos yet"
    lines = [f"{rule['name']} ({rule['id']}): {rule['state']}", _sentence(rule), counts]
    if rule["last_failure"] is not None:
        lines.append(f"last failure ({local_time(rule['last_failure']['date'])}): {rule['last_failure']['message']}")
    return "\n".join(lines)


def _change(options: argparse.Namespace) -> int:
    printer = Printer(options)
    act, done, _ = _CHANGES[options.verb]
    changed = []
    with client(options) as api:
        for rule_id in options.ids:
            try:
                changed.append(act(api, rule_id) or {"id": rule_id})
            except APIError as error:
                printer.failure(f"{options.verb} rule", rule_id, str(error))
                continue
            printer.remark(f"Rule '{rule_id}' {done}")
    if options.json:
        printer.result("", changed)
    return printer.finish()


def _sources(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_data_sources()
    shown = [{**each, "scanned_date": local_time(each["scanned_date"] or "")} for each in found]
    printer.records([*found] if options.json else shown, ("id", "location", "scanned_date"))
    return printer.finish()
