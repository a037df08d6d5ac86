"""Comparisons of labels as tables, for ``voxel51 labels compare`` and ``voxel51 jobs compare``."""

from collections.abc import Mapping, Sequence
from typing import Any

from voxel51.cli.parsing import Parser
from voxel51.cli.printing import table

_HEADERS = ("label", "both", "mean IoU", "only first", "only second")


def add_overlap(parser: Parser) -> None:
    """Add the option with the overlap from which two boxes are the same."""
    parser.add_argument(
        "--overlap",
        metavar="IOU",
        type=float,
        default=0.5,
        help="overlap (intersection over union) from which two boxes of a label are the same (default: 0.5)",
    )


def comparison_table(comparison: Mapping[str, Any]) -> str:
    """Return a table of the labels, and a line about the frames that differ, of the document of a comparison."""
    rows: list[Sequence[object]] = [
        (label, each["both"], _share(each["mean_overlap"]), each["only_first"], each["only_second"])
        for label, each in comparison["boxes"].items()
    ]
    rows += [
        (label, each["both"], None, len(each["only_first"]), len(each["only_second"]))
        for label, each in comparison["events"].items()
    ]
    return f"{table(rows, _HEADERS)}\n\n{_summary(comparison)}"


def _share(overlap: float | None) -> str | None:
    return None if overlap is None else f"{overlap:.3f}"


def _summary(comparison: Mapping[str, Any]) -> str:
    found = comparison["differences"]
    frames, at = found["frames"], f"at an overlap (IoU) of {comparison['overlap']:g}"
    if not frames:
        return f"No box differs {at}"
    changed = sum(found["changed"])
    relabelled = f"; {_number(changed, 'box has', 'boxes have')} another label" if changed else ""
    first = f" The first is frame {frames[0]}" if len(frames) > 1 else f" It is frame {frames[0]}"
    return f"Boxes differ in {_number(len(frames), 'frame', 'frames')} {at}{relabelled}.{first}"


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
