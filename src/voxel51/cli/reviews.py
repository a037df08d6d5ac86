"""``voxel51 reviews``: list, show, download and save versions of the labels of jobs, and score analytics with them."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client
from voxel51.wire.reviews import ReviewScores, checked_edits

_FACTS = ("job_id", "job_name", "version", "base", "reviewer", "created_at", "accepted", "undecided", "note")
COLUMNS = (*_FACTS, "changes")
_EXAMPLES = """\
  voxel51 reviews list
  voxel51 reviews download JOB_ID 0 --out numbered.json
  voxel51 reviews apply JOB_ID edits.json --note "night scenes"
  voxel51 reviews show JOB_ID 1
  voxel51 reviews scores voxel51/object-tracks"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    listed = command(verbs, "list", _list, "list the versions of the labels of a job, or of all jobs")
    listed.add_argument("job", metavar="JOB_ID", nargs="?", help="id of a job (default: all jobs)")
    show = command(verbs, "show", _show, "show a version and its edits")
    download = command(verbs, "download", _download, "download the labels of a version; version 0 is the job's output")
    apply = command(verbs, "apply", _apply, "save a new version with the edits in a file")
    delete = command(verbs, "delete", _delete, "delete a version")
    for each in (show, download, delete):
        each.add_argument("job", metavar="JOB_ID", help="id of a job")
        each.add_argument("version", metavar="VERSION", type=int, help="number of the version")
    download.add_argument("--out", metavar="PATH", help="write to this file (default: labels.review-VERSION.json)")
    apply.add_argument("job", metavar="JOB_ID", help="id of a job")
    apply.add_argument("edits", metavar="EDITS", help="JSON file with a list of edits, or with 'edits' and 'base'")
    apply.add_argument("--base", metavar="VERSION", type=int, help="version to edit (default: that of the file, or 0)")
    apply.add_argument("--latest", metavar="VERSION", type=int, help="newest version that you know (default: the base)")
    apply.add_argument("--note", metavar="TEXT", help="remark on the version")
    scores = command(verbs, "scores", _scores, "show precision and recall of an analytic on reviewed videos")
    scores.add_argument("analytic", metavar="ANALYTIC", help="full name of the analytic")
    scores.add_argument(
        "--overlap",
        metavar="IOU",
        type=float,
        default=0.5,
        help="overlap (intersection over union) from which a box is right (default: 0.5)",
    )


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        records = api.list_reviews(options.job)
    printer.records([{**each, "changes": _summary(each["changes"])} for each in records], COLUMNS)
    return printer.finish()


def _show(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.get_review(options.job, options.version)
    record = found["review"]
    facts = table([(name, record[name]) for name in _FACTS], ["field", "value"])  # type: ignore[literal-required]
    edits = "\n".join(json.dumps(edit) for edit in found["edits"])
    printer.result(f"{facts}\n\n{edits}", found)
    return printer.finish()


def _download(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        path = api.download_review(options.job, options.version, options.out)
    printer.result(f"Wrote '{path}'", {"path": str(path)})
    return printer.finish()


def _apply(options: argparse.Namespace) -> int:
    printer = Printer(options)
    path = Path(options.edits)
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{str(path)!r} is not JSON: {error}") from None
    given = content if isinstance(content, dict) else {"edits": content}
    try:
        edits = checked_edits(given.get("edits"))
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from None
    base = given.get("base", 0) if options.base is None else options.base
    with client(options) as api:
        saved = api.save_review(
            options.job, edits, base=base, latest=options.latest, note=options.note or str(given.get("note", ""))
        )
    counts = f"{saved['accepted']} tracks accepted, {saved['undecided']} undecided"
    printer.result(f"Saved version {saved['version']} of the labels of job '{options.job}': {counts}", saved)
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.delete_review(options.job, options.version)
    printer.result(f"Version {options.version} deleted", {"job_id": options.job, "version": options.version})
    return printer.finish()


def _scores(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        scores = api.review_scores(options.analytic, options.overlap)
    printer.result(_scores_table(scores), scores)
    for video in scores["videos"]:
        if video["message"]:
            printer.remark(f"Job '{video['job_id']}' could not be evaluated: {video['message']}")
    return printer.finish()


def _scores_table(scores: ReviewScores) -> str:
    rows = [
        (
            version["analytic_version"],
            each["label"],
            _share(each["precision"]),
            _share(each["recall"]),
            each["true_count"],
            each["found_count"],
            each["video_count"],
        )
        for version in scores["versions"]
        for each in version["classes"]
    ]
    if not rows:
        return f"No labels of '{scores['analytic']}' have been reviewed"
    return table(rows, ["version", "class", "precision", "recall", "true", "found", "videos"])


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _summary(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in changes.items())
