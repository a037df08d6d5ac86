"""Rules of watched folders: the collection of the videos, and the rule that runs the analytics on it."""

import argparse
import json
from collections.abc import Sequence

from voxel51.cli.folder_record import FolderRecord
from voxel51.cli.parameters import read_parameters, with_uploads
from voxel51.cli.printing import Printer
from voxel51.transport.errors import NotFound
from voxel51.users.api import API
from voxel51.wire.rules import NewRuleRun, RuleState


def collection_of(api: API, name: str, options: argparse.Namespace) -> str | None:
    """Return the id of the collection with this name, which is created if necessary; None if none is needed."""
    if not (options.analytics or options.collection):
        return None
    try:
        return str(api.collection(name)["id"])
    except ValueError:
        return api.create_collection(name, "Videos of a watched folder")["id"]


def runs_of(api: API, options: argparse.Namespace) -> list[NewRuleRun]:
    """Return the analytics that the command line names, with their parameters."""
    return [run_of(api, text, options.param) for text in options.analytics]


def run_of(api: API, text: str, given: Sequence[str]) -> NewRuleRun:
    """Return the analytic ``NAME`` or ``NAME@VERSION``, with the parameters of the command line."""
    name, _, version = text.partition("@")
    run: NewRuleRun = {"analytic": name}
    if version:
        run["version"] = version
    if given:
        document = api.get_analytic_doc(api.get_analytic_id(name, version or None))
        run["parameters"] = with_uploads(api, read_parameters(given, document))
    return run


def rule_of(api: API, printer: Printer, record: FolderRecord, collection_id: str, runs: list[NewRuleRun]) -> str | None:
    """Return the id of the rule that runs these analytics on the collection; None without analytics.

    The rule of an earlier command is kept if it runs the same, and otherwise replaced; its jobs stay.
    """
    wanted = json.dumps([collection_id, runs], sort_keys=True)
    if record.rule is not None:
        rule_id, present = record.rule
        try:
            rule = api.get_rule(rule_id)
        except NotFound:
            present = ""
        else:
            if present == wanted and rule["state"] == RuleState.PAUSED:
                printer.remark(f"Rule '{rule_id}' is paused; `voxel51 rules resume {rule_id}` resumes it")
            if present != wanted:
                api.delete_rule(rule_id)
        if present == wanted:
            return rule_id
    if not runs:
        if record.rule is not None:
            record.set_rule("", "")
        return None
    rule_id = api.create_rule(runs, collection_id=collection_id)["id"]
    record.set_rule(rule_id, wanted)
    return rule_id


def described(options: argparse.Namespace, collection_id: str | None) -> str:
    """Return what happens with each new video, as text."""
    if collection_id is None:
        return "new videos are uploaded"
    if not options.analytics:
        return "new videos are uploaded and added to the collection"
    return f"new videos are uploaded, {', '.join(options.analytics)} runs on each"
