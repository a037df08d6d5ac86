"""``voxel51 labels``: summarize, draw, convert, search, evaluate and compare labels.

Labels are given as a file, or as the id of the job that created them.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.comparison import add_overlap, comparison_table
from voxel51.cli.parsing import Commands, Parser, add_commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client

if TYPE_CHECKING:
    from voxel51.labels.spans import Spans

_EXAMPLES = """\
  voxel51 labels summary labels.json
  voxel51 labels draw labels.json --video holiday.mp4 annotated.mp4
  voxel51 labels convert labels.json coco.json --format coco
  voxel51 labels search dog car --longer-than 2 --together
  voxel51 labels moments person --larger-than 2 --longer-than 1
  voxel51 labels sql "SELECT label, count(*) FROM detections GROUP BY label" --out counts.csv
  voxel51 labels chart classes --collection ID --out classes.png"""

_SET_OPTIONS = ("collection", "batch", "search", "parameter_set", "analytic", "label")


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
    evaluate = command(verbs, "evaluate", _evaluate, "evaluate labels against ground truth")
    evaluate.add_argument("labels", metavar="LABELS", help="labels file, or id of a job")
    evaluate.add_argument(
        "other", metavar="TRUTH", help="labels file (native, COCO, MOT or CVAT), or a review as JOB_ID/VERSION"
    )
    compare = command(verbs, "compare", _compare, "compare two labels files")
    compare.add_argument("labels", metavar="LABELS", help="labels file")
    compare.add_argument("other", metavar="OTHER", help="labels file")
    add_overlap(compare)
    search = command(verbs, "search", _search, "find jobs by their labels")
    search.add_argument("names", metavar="LABEL", nargs="+", help="label such as dog; all given labels must occur")
    search.add_argument("--longer-than", metavar="SECONDS", type=float, help="minimum duration of each label")
    search.add_argument("--together", action="store_true", help="all labels at the same time")

    moments = command(verbs, "moments", _moments, "find the parts of your videos in which labels are seen")
    moments.add_argument("names", metavar="LABEL", nargs="+", help="label such as dog; up to five")
    moments.add_argument("--together", action="store_true", help="only where all labels are in the same frames")
    moments.add_argument("--tracks", action="store_true", help="moments of each track, not joined")
    moments.add_argument("--confidence", metavar="NUMBER", type=float, help="minimum confidence of a box, 0 to 1")
    moments.add_argument("--larger-than", metavar="PERCENT", type=float, help="minimum area of a box, of the frame")
    moments.add_argument("--smaller-than", metavar="PERCENT", type=float, help="maximum area of a box, of the frame")
    moments.add_argument("--longer-than", metavar="SECONDS", type=float, help="minimum duration of a moment")
    moments.add_argument("--shorter-than", metavar="SECONDS", type=float, help="maximum duration of a moment")
    moments.add_argument("--zone", metavar="POINTS", help="corners as x,y;x,y;x,y in relative coordinates, 0 to 1")
    moments.add_argument("--collection", metavar="ID", help="only your videos of this collection")
    moments.add_argument("--search", metavar="TERMS", help='only the videos of this search, such as "tag:street"')
    moments.add_argument("--sort", metavar="ORDER", help="best (default), longest or time")
    moments.add_argument("--limit", metavar="NUMBER", type=int, default=50, help="moments to list (default: 50)")

    sql = command(verbs, "sql", _sql, "query the labels of your jobs with SQL")
    sql.add_argument("sql", metavar="SELECT", help="over videos, jobs, detections, tracks, frames, events and text")
    sql.add_argument("--out", metavar="PATH", help="write the result to this .csv, .parquet or .json file")

    _add_chart(verbs)


def _add_chart(verbs: Commands) -> None:
    chart = command(verbs, "chart", _chart, "count labels, of a job or of many videos, as a table or a picture")
    chart.add_argument(
        "chart",
        metavar="CHART",
        help="classes, lengths, speeds; timeline, zone, line of a job; videos, hours of many videos",
    )
    of = chart.add_mutually_exclusive_group()
    of.add_argument("--job", metavar="ID", help="the labels of this job")
    of.add_argument("--collection", metavar="ID", help="your videos in this collection")
    of.add_argument("--batch", metavar="ID", help="the results of this batch")
    of.add_argument("--search", metavar="TERMS", help="your videos that match, such as tag:street (default: all)")
    chart.add_argument("--parameter-set", metavar="N", type=int, help="one of the parameter sets of the batch, from 0")
    chart.add_argument("--analytic", metavar="NAME", help="analytic whose results count, if there are several")
    chart.add_argument("--label", metavar="LABEL", help="count only this label")
    chart.add_argument(
        "--zone", metavar="POINTS", help="corners as x,y;x,y;x,y in relative coordinates, for the chart zone of a job"
    )
    chart.add_argument("--line", metavar="POINTS", help="two points as x,y;x,y, for the chart line of a job")
    chart.add_argument("--dark", action="store_true", help="a picture with a dark background")
    chart.add_argument("--out", metavar="PATH", help="write a .png, .csv, .parquet (many videos) or .json file")


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
    from voxel51.labels.evaluate import evaluate_against
    from voxel51.labels.readers import read_labels
    from voxel51.labels.video import VideoLabels

    printer = Printer(options)
    with _as_file(options.labels, options) as labels, _truth_file(options.other, options) as other:
        found = VideoLabels.from_file(labels)
        truth = read_labels(other, found.metadata.frame_size if found.metadata else None)
    result = evaluate_against(found, truth)
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


def _moments(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.find_moments(
            options.names,
            together=options.together,
            each="track" if options.tracks else None,
            confidence=options.confidence,
            larger_than=_share(options.larger_than),
            smaller_than=_share(options.smaller_than),
            longer_than=options.longer_than,
            shorter_than=options.shorter_than,
            zone=None if options.zone is None else _zone(options.zone),
            collection=options.collection,
            search=options.search,
            sort=options.sort,
            limit=options.limit,
        )
    rows = [
        (each["video"], each["label"], each["first_frame"], each["last_frame"], each["seconds"], each["confidence"],
         each["job_id"])
        for each in found["moments"]
    ]  # fmt: skip
    printer.result(table(rows, ["video", "label", "first frame", "last frame", "seconds", "confidence", "job"]), found)
    printer.remark(f"{found['count']} moments in {found['videos']} videos, {found['seconds']:g} seconds of video")
    if found["results_left_out"]:
        printer.remark(f"{found['results_left_out']} older results were not read. Choose fewer videos with --search")
    return printer.finish()


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _zone(text: str) -> list[tuple[float, float]]:
    try:
        return [(float(x), float(y)) for x, y in (point.split(",") for point in text.split(";"))]
    except ValueError:
        raise ValueError(f"--zone takes points as x,y;x,y;x,y, not {text!r}") from None


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


def _chart(options: argparse.Namespace) -> int:
    printer = Printer(options)
    chosen = {name: getattr(options, name) for name in _SET_OPTIONS if getattr(options, name) is not None}
    points = {name: getattr(options, name) for name in ("zone", "line") if getattr(options, name) is not None}
    for name in chosen if options.job else points:
        raise ValueError(
            f"--{name.replace('_', '-')} is not for charts of {'one job' if options.job else 'many videos'}"
        )
    theme = "dark" if options.dark else "light"
    suffix = Path(options.out or "chart.json").suffix
    if suffix not in ({".png", ".csv", ".json"} if options.job else {".png", ".csv", ".json", ".parquet"}):
        raise ValueError(f"--out takes a .png, .csv or .json file, or .parquet for many videos, not {options.out!r}")
    with client(options) as api:
        if options.out is None and not options.job:
            found = api.chart_labels(options.chart, **chosen)
            printer.result(table(found.rows, found.columns), found.to_dicts())
            return printer.finish()
        if not options.job:
            api.download_chart(options.chart, options.out, suffix[1:], theme=theme, **chosen)
        else:
            wanted = "csv" if options.out is None else suffix[1:]
            given = {
                **points,
                "format": wanted,
                **({} if wanted == "json" else {"chart": options.chart, "theme": theme}),
            }
            if options.out is None:
                with tempfile.TemporaryDirectory(prefix="voxel51-") as folder:
                    path = api.download_job_rendition(options.job, "charts", Path(folder) / "chart.csv", **given)
                    rows = [*csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines())]
                printer.result(table([[*row.values()] for row in rows], [*rows[0]] if rows else []), rows)
                return printer.finish()
            api.download_job_rendition(options.job, "charts", options.out, **given)
    printer.result(f"Wrote '{options.out}'", {"path": options.out})
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
def _truth_file(name: str, options: argparse.Namespace) -> Iterator[Path]:
    """Yield the path of a labels file, or of a temporary download of a review, which is named JOB_ID/VERSION."""
    job_id, slash, version = name.rpartition("/")
    if Path(name).exists() or not slash or "/" in job_id or not version.isdecimal():
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="voxel51-") as folder, client(options) as api:
        yield Path(api.download_review(job_id, int(version), Path(folder) / "review.json"))


@contextmanager
def _as_file(name: str, options: argparse.Namespace) -> Iterator[Path]:
    """Yield the path of a labels file, or of a temporary download of a job's output."""
    named = _named_file(name)
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="voxel51-") as folder, client(options) as api:
        yield Path(api.download_job_output(name, Path(folder) / "labels.json"))
