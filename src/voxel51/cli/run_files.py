"""Files of a run: expand folders and patterns, and skip files that the analytic cannot read."""

import glob
import mimetypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_MORE_VIDEOS = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts",
     ".vob", ".webm", ".wmv", ".y4m"}
)  # fmt: skip
"""Extensions of videos, which the tables of some systems lack or assign to other types."""

SUFFIXES = {"coco": ".coco.json", "yolo": ".yolo.zip", "mot": ".mot.zip", "cvat": ".cvat.xml", "voc": ".voc.zip",
             "csv": ".csv", "parquet": ".parquet"}  # fmt: skip
"""Extensions of outputs by the format into which they are converted."""

_MEDIA = {"video", "audio", "image"}


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Files to process, each once, in the order of the arguments; and the number of files that were skipped."""

    files: list[Path]
    skipped: int


def find_files(arguments: Iterable[str], media: str, is_ignored: Callable[[Path], bool]) -> FoundFiles:
    """Return the files that the arguments name: paths of files, folders (without their subfolders), and patterns.

    Args:
        arguments: paths and patterns, such as ``videos/**/*.mp4``.
        media: what the analytic reads, ``video`` or ``image``. In folders and patterns, other files are skipped; of
            files that are named one by one, only those of other types than media, unless nothing else was named.
        is_ignored: whether a file found in a folder or by a pattern is left out without being counted.

    Raises:
        FileNotFoundError: an argument names nothing.
        ValueError: no file is left.
    """
    chosen: dict[Path, Path] = {}
    skipped: set[Path] = set()
    named = [*arguments]
    for argument in named:
        paths, is_explicit = _expanded(argument)
        for path in paths:
            if not is_explicit and is_ignored(path):
                continue
            is_wanted = len(named) == 1 or _may_be_media(path) if is_explicit else is_media(media, path)
            if is_wanted:
                chosen.setdefault(path.resolve(), path)
            else:
                skipped.add(path.resolve())
    if not chosen:
        raise ValueError(f"no {media} found in {', '.join(map(repr, named))}: {_count(skipped)} skipped")
    return FoundFiles([*chosen.values()], len(skipped - chosen.keys()))


def _expanded(argument: str) -> tuple[Sequence[Path], bool]:
    """Return the files that an argument names, and whether it is the path of one file."""
    path = Path(argument)
    if path.is_file():
        return [path], True
    if path.is_dir():
        return sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")), False
    found = sorted(Path(each) for each in glob.glob(argument, recursive=True))  # noqa: PTH207  (absolute patterns too)
    if not found:
        raise FileNotFoundError(f"file not found: {argument!r}")
    return [each for each in found if each.is_file()], False


def is_media(media: str, path: Path) -> bool:
    """Return whether a file is a ``video`` or ``image``, by its name."""
    if media == "video" and path.suffix.lower() in _MORE_VIDEOS:
        return True
    return _type(path) == media


def _may_be_media(path: Path) -> bool:
    return path.suffix.lower() in _MORE_VIDEOS or _type(path) in {*_MEDIA, None}


def _type(path: Path) -> str | None:
    guessed = mimetypes.guess_type(path.name)[0]
    return guessed.partition("/")[0] if guessed else None


def _count(files: set[Path]) -> str:
    return f"{len(files)} file was" if len(files) == 1 else f"{len(files)} files were"
