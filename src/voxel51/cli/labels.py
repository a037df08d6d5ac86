"""``voxel51 labels``: summarize, draw, convert, search, evaluate and compare labels.

Labels are given as a file, or as the id of the job that created them.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.comparison import add_overlap, comparison_table
from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client

if TYPE_CHECKING:
    from voxel51.labels.spans import Spans

_EXAMPLES = """\
  voxel51 labels summary labels.json
  voxel51 labels draw labels.json --video holiday.mp4 annotated.mp4
  voxel51 labels convert labels.json coco.json --format coco
  voxel51 labels search dog car --longer-than 2 --together
  voxel51 labels sql "SELECT label, count(*) FROM detections GROUP BY label" --out counts.csv"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    show = command(verbs, "summary", _summary, "list objects and events with their frames and durations")
    convert = command(verbs, "convert", _convert, "convert labels to another tool's format")
    draw = command(verbs, "draw", _draw, "draw labels on their video")
    show.add_argument("labels", metavar="LABELS", nargs="+", help="labels file, or id of a job")
    for each in (convert, draw):
        each.add_argument("labels", metavar="LABELS", help="labels file, or id of a job")
    convert.add_argument("output", metavar="OUTPUT", help="output path")
    convert.add_argument("--format", metavar="NAME", required=True, help="coco, yolo, mot, cvat, voc, csv or parquet")
    convert.add_argument(
        "--classes",
        metavar="NAMES",
        help="class names in the order of their numbers, separated by commas, or @PATH of a file with one per line "
        "(default: the numbers of COCO, or of MOT Challenge)",
    )
    draw.add_argument("output", metavar="OUTPUT", help="output path: a video (.mp4) or a contact sheet (.jpg, .png)")
    draw.add_argument("--video", metavar="PATH", help="path of the video; required for a labels file")
    for verb, run, summary in (
        ("evaluate", _evaluate, "evaluate labels against ground truth"),
        ("compare", _compare, "compare two labels files"),
    ):
        parser = command(verbs, verb, run, summary)
        parser.add_argument("labels", metavar="LABELS", help="labels file")
        parser.add_argument(
            "other",
            metavar="TRUTH" if verb == "evaluate" else "OTHER",
            help="labels file" + (" (native, COCO, MOT or CVAT)" if verb == "evaluate" else ""),
        )
    add_overlap(verbs.choices["compare"])
    search = command(verbs, "search", _search, "find jobs by their labels")
    search.add_argument("names", metavar="LABEL", nargs="+", help="label such as dog; all given labels must occur")
    search.add_argument("--longer-than", metavar="SECONDS", type=float, help="minimum duration of each label")
    search.add_argument("--together", action="store_true", help="all labels at the same time")

    sql = command(verbs, "sql", _sql, "query the labels of your jobs with SQL")
    sql.add_argument("sql", metavar="SELECT", help="over videos, jobs, detections, tracks, frames, events and text")
    sql.add_argument("--out", metavar="PATH", help="write the result to this .csv, .parquet or .json file")


def _summary(options: argparse.Namespace) -> int:
    from voxel51.labels.spans import spans_of

    printer = Printer(options)
    found: dict[str, Spans] = {}
    for name in options.labels:
        with _as_file(name, options) as path:
            found[name] = spans_of(path)
    is_single = len(found) == 1
    rows = [row if is_single else (name, *row) for name, spans in found.items() for row in _rows(spans)]
    headers = ["kind", "label", "track", "first frame", "last frame", "seconds", "confidence", "text"]
    documents = {name: asdict(spans) for name, spans in found.items()}
    printer.result(
        table(rows, headers if is_single else ["file", *headers]),
        next(iter(documents.values())) if is_single else documents,
    )
    for name, spans in found.items():
        if not spans.is_complete:
            printer.remark(f"Showing only the first {len(spans.spans)} spans" + ("" if is_single else f" of {name}"))
    return printer.finish()


def _rows(spans: "Spans") -> list[tuple[object, ...]]:
    return [
        (each.kind, each.label, each.track, each.first_frame, each.last_frame, each.seconds, each.confidence, each.text)
        for each in sorted(spans.spans, key=lambda each: (each.first_frame, each.label))
    ]


def _convert(options: argparse.Namespace) -> int:
    printer = Printer(options)
    output = Path(options.output)
    named = _named_file(options.labels)
    if named is not None:
        from voxel51.labels.formats import convert

        convert(named, options.format, output, _classes(options.classes))
    elif options.classes is not None:
        raise ValueError("--classes needs a labels file: download the output of the job first, then convert it")
    else:
        with client(options) as api:
            api.download_job_output(options.labels, output, format=options.format)
    printer.result(f"Wrote '{output}'", {"path": str(output)})
    return printer.finish()


def _classes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = Path(text[1:]).read_text(encoding="utf-8").splitlines() if text.startswith("@") else text.split(",")
    return [name.strip() for name in names if name.strip()]


def _draw(options: argparse.Namespace) -> int:
    printer = Printer(options)
    output = Path(options.output)
    is_picture = output.suffix.lower() in {".jpg", ".jpeg", ".png"}
    named = _named_file(options.labels)
    if named is not None:
        if options.video is None:
            raise ValueError("a labels file requires --video PATH")
        if is_picture:
            from voxel51.labels.contact_sheet import contact_sheet

            contact_sheet(Path(options.video), named, output)
        else:
            from voxel51.labels.draw import annotated_video

            annotated_video(Path(options.video), named, output)
    else:
        with client(options) as api:
            api.download_job_rendition(options.labels, "sheet" if is_picture else "annotated", output)
    printer.result(f"Wrote '{output}'", {"path": str(output)})
    return printer.finish()


def _evaluate(options: argparse.Namespace) -> int:
    from voxel51.labels.evaluate import evaluate
    from voxel51.labels.readers import read_labels
    from voxel51.labels.video import VideoLabels

    printer = Printer(options)
    found = VideoLabels.from_file(Path(options.labels))
    truth = read_labels(Path(options.other), found.metadata.frame_size if found.metadata else None)
    result = evaluate(found, truth)
    rows = [
        (label, each.average_precision, each.precision, each.recall, each.true_count, each.found_count)
        for label, each in result.detection.items()
    ]
    text = table(rows, ["label", "AP", "precision", "recall", "true", "found"])
    if result.tracking is not None:
        text += f"\n\nMOTA {result.tracking.mota:.3f}, IDF1 {result.tracking.idf1:.3f}"
    printer.result(text, asdict(result))
    return printer.finish()


def _compare(options: argparse.Namespace) -> int:
    from voxel51.labels.compare import compare
    from voxel51.labels.label_table import read_table

    printer = Printer(options)
    result = asdict(compare(read_table(Path(options.labels)), read_table(Path(options.other)), options.overlap))
    printer.result(comparison_table(result), result)
    return printer.finish()


def _search(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        result = api.search_labels(options.names, longer_than=options.longer_than, together=options.together)
    rows = [
        (each["job_id"], each["analytic"], each["filename"],
         ", ".join(f"{name}: {found['spans']}" for name, found in each["found"].items()),
         " ".join(f"{first}-{last}" for first, last in each["together"][:5]))
        for each in result["matches"]
    ]  # fmt: skip
    printer.result(table(rows, ["job", "analytic", "video", "found", "together in frames"]), result)
    return printer.finish()


def _sql(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.out is not None:
            output = Path(options.out)
            if output.suffix not in {".csv", ".parquet", ".json"}:
                raise ValueError(f"--out takes a .csv, .parquet or .json file, not {options.out!r}")
            api.download_query(options.sql, output, output.suffix[1:])
            printer.result(f"Wrote '{output}'", {"path": str(output)})
            return printer.finish()
        found = api.query_labels(options.sql)
    printer.result(table(found.rows, found.columns), found.to_dicts())
    if not found.is_complete:
        printer.remark(f"Showing only the first {len(found.rows)} rows; --out writes up to a million to a file")
    return printer.finish()


def _named_file(text: str) -> Path | None:
    """Return the path of a labels file, or None for a job id. Job ids contain no folder and no suffix."""
    path = Path(text)
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise FileNotFoundError(f"file not found: {text!r}")
    return None


@contextmanager
def _as_file(name: str, options: argparse.Namespace) -> Iterator[Path]:
    """Yield the path of a labels file, or of a temporary download of a job's output."""
    named = _named_file(name)
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="voxel51-") as folder, client(options) as api:
        yield Path(api.download_job_output(name, Path(folder) / "labels.json"))
