"""``voxel51 weights``: the model weights that a platform may use."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer

if TYPE_CHECKING:
    from voxel51.platform.named_weights import NamedWeights

COLUMNS = ("name", "task", "accuracy", "licence", "present")
_EXAMPLES = """\
  voxel51 weights list
  voxel51 weights add nanodet-plus-m-1.5x-416-w8.onnx
  voxel51 weights fetch yolox-s
  voxel51 weights verify"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list the known weights, and which are present")
    add = command(verbs, "add", _add, "copy files with known weights into the weights folder")
    add.add_argument("paths", metavar="FILE", nargs="+", help="path of a file; it is identified by its SHA-256")
    fetch = command(verbs, "fetch", _fetch, "download weights into the weights folder")
    fetch.add_argument("name", metavar="NAME", help="name of the weights")
    fetch.add_argument("--from", metavar="URL", dest="mirror", help="address of the file, or of a folder ending in /")
    verify = command(verbs, "verify", _verify, "compare the files in the weights folder with their SHA-256")
    for each in (*verbs.choices.values(),):
        each.add_argument("--dir", metavar="PATH", help="data folder of the platform (default: the user's)")
        each.add_argument("--weights-dir", metavar="PATH", help="weights folder (default: the platform's)")
    verify.epilog = "Exit status 1 if a file is damaged or unknown."


def _folder(options: argparse.Namespace) -> Path:
    """Return the selected weights folder: the platform's, or that of local runs if the server is not installed."""
    if options.weights_dir:
        return Path(options.weights_dir).expanduser().absolute()
    try:
        from voxel51.cli.server.shared import settings

        return settings(options).weights_folder
    except ImportError:
        from voxel51.platform.weights import weights_folder

        return weights_folder()


def _list(options: argparse.Namespace) -> int:
    from voxel51.platform.named_weights import REGISTRY

    folder, printer = _folder(options), Printer(options)
    printer.records([_record(each, folder) for each in REGISTRY], COLUMNS)
    printer.remark(f"\nWeights folder: {folder}")
    return printer.finish()


def _record(weights: "NamedWeights", folder: Path) -> dict[str, object]:
    return {
        "name": weights.name,
        "task": weights.task,
        "accuracy": weights.accuracy,
        "licence": weights.licence,
        "present": weights.is_included or weights.find(folder) is not None,
        "filename": weights.filename,
        "sha256": [each.sha256 for each in weights.files],
        "source_card": weights.source_card,
        "urls": [*weights.urls],
    }


def _add(options: argparse.Namespace) -> int:
    from voxel51.platform.named_weights import UnknownWeights
    from voxel51.platform.weight_files import add_file

    folder, printer = _folder(options), Printer(options)
    added = []
    for path in options.paths:
        try:
            weights = add_file(Path(path), folder)
        except (UnknownWeights, OSError) as error:
            printer.failure("add", path, str(error))
            continue
        added.append(weights.name)
    printer.result("\n".join(f"Added {name} to {folder}" for name in added), {"added": added, "folder": str(folder)})
    return max(printer.finish(), int(len(added) < len(options.paths)))


def _fetch(options: argparse.Namespace) -> int:
    from voxel51.platform.named_weights import named
    from voxel51.platform.weight_files import fetch_file

    printer = Printer(options)
    path = fetch_file(named(options.name), _folder(options), options.mirror)
    printer.result(f"{options.name} is at {path}", {"name": options.name, "path": str(path)})
    return printer.finish()


def _verify(options: argparse.Namespace) -> int:
    from voxel51.platform.named_weights import REGISTRY

    folder, printer = _folder(options), Printer(options)
    present = [each for each in REGISTRY if (folder / each.filename).is_file()]
    intact = [each.name for each in present if each.find(folder)]
    printer.result(f"{len(intact)} of {len(present)} files in {folder} are intact", {"intact": intact})
    for each in present:
        if each.name not in intact:
            printer.failure("verify", each.filename, f"its SHA-256 is not one of {each.name}; jobs ignore the file")
    return max(printer.finish(), int(len(intact) < len(present)))
