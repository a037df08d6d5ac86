"""``voxel51 datasets``: export the labels of many jobs, with their frames, as one dataset."""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client
from voxel51.users.api import API
from voxel51.wire.datasets import DATASET_FORMATS, DatasetEstimate, DatasetRecord

COLUMNS = ("id", "name", "format", "job_count", "creation_date")
_EXAMPLES = """\
  voxel51 datasets export --analytic voxel51/object-tracks --format yolo --every 10 --split train=0.8,val=0.2
  voxel51 datasets export --jobs ID1 ID2 --format coco --no-images --out labels.zip
  voxel51 datasets export --jobs ID1 ID2 --format voc --rename truck=car --drop bench --estimate
  voxel51 datasets export --analytic voxel51/object-tracks --collection junction --format yolo
  voxel51 datasets export --analytic voxel51/object-tracks --search tag:street --format coco
  voxel51 datasets export --batch ID --format coco
  voxel51 datasets list"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list your datasets")
    _add_export(command(verbs, "export", _export, "export the labels of jobs as one zip file"))
    download = command(verbs, "download", _download, "download a dataset again")
    download.add_argument("id", metavar="ID", help="id of the dataset")
    download.add_argument("--out", metavar="PATH", help="write to this file (default: dataset.zip)")
    delete = command(verbs, "delete", _delete, "delete datasets; their jobs and videos stay")
    delete.add_argument("ids", metavar="ID", nargs="+", help="id of a dataset")


def _add_export(parser: Parser) -> None:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--jobs", metavar="ID", nargs="+", help="ids of complete jobs")
    chosen.add_argument("--analytic", metavar="NAME", help="the newest complete job of this analytic on each video")
    chosen.add_argument("--batch", metavar="ID", help="the results of this batch")
    videos = parser.add_mutually_exclusive_group()
    videos.add_argument("--data", metavar="ID", nargs="+", help="ids of the videos for --analytic (default: all)")
    videos.add_argument("--collection", metavar="COLLECTION", help="the videos of this collection for --analytic")
    videos.add_argument("--search", metavar="TERMS", help="your videos that match, such as tag:street, for --analytic")
    videos.add_argument("--saved-search", metavar="NAME", help="the videos of this saved search, for --analytic")
    parser.add_argument("--set", metavar="N", type=int, help="parameter set of --batch, from 1, if it has several")
    parser.add_argument("--format", metavar="NAME", required=True, help=f"one of {', '.join(DATASET_FORMATS)}")
    parser.add_argument("--name", metavar="NAME", default="dataset", help="name of the dataset (default: dataset)")
    parser.add_argument("--out", metavar="PATH", help="write to this file (default: NAME.FORMAT.zip)")
    parser.add_argument("--no-images", dest="images", action="store_false", help="export labels without frames")
    parser.add_argument("--quality", metavar="N", type=int, help="JPEG quality, 1 to 100 (default: 90)")
    parser.add_argument("--every", metavar="N", type=int, help="export every n-th frame (default: 1)")
    parser.add_argument("--labelled-only", action="store_true", help="leave out frames without a box")
    parser.add_argument("--classes", metavar="NAMES", help="classes in the order of their numbers, separated by commas")
    parser.add_argument("--rename", metavar="LABEL=CLASS", action="append", default=[], help="rename a label")
    parser.add_argument("--drop", metavar="CLASS", action="append", default=[], help="leave out a class")
    parser.add_argument(
        "--split", metavar="SHARES", help="share of the videos in each part: train=0.8,val=0.1,test=0.1"
    )
    parser.add_argument("--seed", metavar="N", type=int, help="number that decides which video gets into which part")
    parser.add_argument("--estimate", action="store_true", help="show frames, boxes and size, and export nothing")


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        records = api.list_datasets()
    printer.records([{**each, "format": each["definition"]["format"]} for each in records], COLUMNS)
    return printer.finish()


def _export(options: argparse.Namespace) -> int:
    printer = Printer(options)
    output = Path(options.out or f"{_filename(options.name)}.{options.format}.zip")
    if output.exists() and not options.estimate:
        raise FileExistsError(f"{str(output)!r} exists already; choose another path with --out, or remove it first")
    with client(options) as api:
        dataset = _created(api, options)
        try:
            estimate = api.estimate_dataset(dataset["id"])
        except BaseException:
            api.delete_dataset(dataset["id"])
            raise
        if options.estimate:
            api.delete_dataset(dataset["id"])
            printer.result(_described(estimate), estimate)
            return printer.finish()
        printer.remark(_described(estimate))
        path = api.download_dataset(dataset["id"], output)
    result = {"id": dataset["id"], "path": str(path), "estimate": estimate}
    printer.result(f"Wrote '{path}' (dataset '{dataset['id']}')", result)
    return printer.finish()


def _created(api: API, options: argparse.Namespace) -> DatasetRecord:
    return api.create_dataset(
        options.name,
        _options(options),
        jobs=options.jobs,
        analytic=options.analytic,
        data=options.data,
        collection_id=None if options.collection is None else api.collection(options.collection)["id"],
        batch_id=options.batch,
        parameter_set=None if options.set is None else options.set - 1,
        search=options.search if options.saved_search is None else _saved_search(api, options.saved_search),
    )


def _saved_search(api: API, name: str) -> str:
    """Return the terms of a saved search."""
    known = {each["name"]: each["search"] for each in api.list_searches()}
    if name not in known:
        raise LookupError(f"no saved search is named {name!r}; yours are {', '.join(map(repr, known)) or 'none'}")
    return known[name]


def _download(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        path = api.download_dataset(options.id, options.out)
    printer.result(f"Wrote '{path}'", {"id": options.id, "path": str(path)})
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        for dataset_id in options.ids:
            api.delete_dataset(dataset_id)
            printer.remark(f"Dataset '{dataset_id}' deleted")
    if options.json:
        printer.result("", options.ids)
    return printer.finish()


def _options(options: argparse.Namespace) -> dict[str, object]:
    given: dict[str, object] = {"format": options.format, "images": options.images}
    given |= {name: value for name in ("quality", "every", "seed") if (value := getattr(options, name)) is not None}
    if options.labelled_only:
        given["labelled_only"] = True
    if options.classes is not None:
        given["classes"] = _names(options.classes)
    given["rename"] = _pairs(options.rename, "--rename", "LABEL=CLASS")
    given["drop"] = options.drop
    if options.split is not None:
        shares = _pairs(_names(options.split), "--split", "train=0.8,val=0.2")
        given["split"] = {name: _share(name, text) for name, text in shares.items()}
    return given


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _pairs(texts: Sequence[str], option: str, example: str) -> Mapping[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ValueError(f"{option} takes {example}, not {text!r}")
        pairs[name] = value
    return pairs


def _share(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--split: the share of {name} is a number from 0 to 1, not {text!r}") from None


def _filename(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "dataset"


def _described(estimate: DatasetEstimate) -> str:
    rows = [(part, each["videos"], each["frames"], each["boxes"]) for part, each in estimate["parts"].items()]
    classes = ", ".join(f"{name}: {count}" for name, count in estimate["classes"].items())
    size = estimate["size_bytes"] / 10**6
    return f"{table(rows, ['part', 'videos', 'frames', 'boxes'])}\n\nBoxes by class: {classes}\nAbout {size:.1f} MB"
