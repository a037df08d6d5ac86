"""Contact sheets: one image with a frame per shot, or with frames at equal intervals. Needs the extra ``labels``."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.drawing_primitives import BACKGROUND, LIGHT_TEXT, MUTED_TEXT, DrawingStyle, draw_objects, printable
from voxel51.labels.events import VideoEvent
from voxel51.labels.extras import extra
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.timeline import format_time
from voxel51.labels.video import VideoLabels

with extra("labels"):
    import cv2
    import numpy as np

TILE_WIDTH = 520
GAP = 16
MOST_TILES = 48
TILES_WITHOUT_SHOTS = 9

_TITLE = DrawingStyle(line=2, letter=19)
_TEXT = DrawingStyle(line=2, letter=13)
_CAPTION_HEIGHT = 54
_TITLE_HEIGHT = 76


@dataclass
class _Tile:
    """One frame of the sheet: its number and heading, and once it is decoded its time and image."""

    number: int
    heading: str
    seconds: float = 0.0
    picture: Pixels | None = None


def contact_sheet(video: Path, labels: VideoLabels | Path, output: Path) -> None:
    """Write a contact sheet of ``video`` with boxes and captions to ``output``, as JPEG or PNG by its suffix.

    If ``labels`` contain shots, the sheet has one frame per shot (its keyframe, else its middle; at most `MOST_TILES`,
    at equal intervals), else `TILES_WITHOUT_SHOTS` frames. The video is decoded once, and only the chosen frames stay
    in memory.

    Raises:
        UnreadableVideo: ``video`` is not a video.
        InvalidLabels: ``labels`` is a file without valid labels.
        ValueError: the suffix of ``output`` is not .jpg, .jpeg or .png.
    """
    if output.suffix.lower() not in {".jpg", ".jpeg", ".png"}:
        raise ValueError(f"a contact sheet is a .jpg or .png file, got {output.name!r}")
    known = labels if isinstance(labels, VideoLabels) else VideoLabels.from_file(labels)
    with VideoReader(video) as reader:
        tiles = _chosen(known, reader.metadata.total_frame_count or 1)
        wanted = {tile.number: tile for tile in tiles}
        for frame in reader:
            tile = wanted.get(frame.number)
            if tile is not None:
                tile.seconds, tile.picture = frame.time, _drawn(frame.image(), known, frame.number)
        shown = [tile for tile in tiles if tile.picture is not None]
        title = f"{known.filename or reader.name}"
        facts = (
            f"{reader.frames_decoded} frames   {format_time(reader.metadata.duration or 0)}   {_track_counts(known)}"
        )
        _save(_sheet(shown, known, title, facts), output)


def _chosen(labels: VideoLabels, total: int) -> list[_Tile]:
    shots = labels.events_labelled("shot")
    if shots:
        positions = range(len(shots)) if len(shots) <= MOST_TILES else _spread(len(shots), MOST_TILES)
        return [_tile_of(shots[position], position + 1) for position in positions]
    counted = labels.metadata.total_frame_count if labels.metadata else None
    return [_Tile(place + 1, f"Frame {place + 1}") for place in _spread(counted or total, TILES_WITHOUT_SHOTS)]


def _spread(count: int, wanted: int) -> list[int]:
    """Return at most ``wanted`` of ``count`` positions, each in the middle of an equal part."""
    parts = min(count, wanted)
    return [(2 * part + 1) * count // (2 * parts) for part in range(parts)]


def _tile_of(shot: VideoEvent, position: int) -> _Tile:
    first, last = (shot.support.ranges[0][0], shot.support.ranges[-1][1]) if shot.support else (1, 1)
    marked = [each.value for each in shot.attributes if isinstance(each, NumericAttribute) and each.name == "keyframe"]
    number = int(marked[0]) if marked else (first + last) // 2
    return _Tile(number, f"Shot {shot.index or position}   frames {first}-{last}")


def _drawn(image: Pixels, labels: VideoLabels, number: int) -> Pixels:
    height, width = image.shape[:2]
    size = TILE_WIDTH, max(1, round(height * TILE_WIDTH / width))
    method = cv2.INTER_AREA if width > TILE_WIDTH else cv2.INTER_CUBIC
    picture = np.ascontiguousarray(cv2.resize(image, size, interpolation=method), np.uint8)
    draw_objects(picture, labels.objects_in(number), DrawingStyle(line=1, letter=9))
    return picture


def _sheet(tiles: list[_Tile], labels: VideoLabels, title: str, facts: str) -> Pixels:
    pictures = [tile.picture for tile in tiles if tile.picture is not None]
    columns = max(1, min(len(tiles), 3 if len(tiles) <= 12 else 4))
    rows = -(-len(tiles) // columns)
    tile_height = max((picture.shape[0] for picture in pictures), default=0) + _CAPTION_HEIGHT
    height = _TITLE_HEIGHT + rows * (tile_height + GAP)
    sheet: Pixels = np.empty((height, GAP + columns * (TILE_WIDTH + GAP), 3), np.uint8)
    sheet[:] = BACKGROUND
    _TITLE.write(sheet, printable(title), GAP, 34, LIGHT_TEXT)
    _TEXT.write(sheet, printable(facts), GAP, 60, MUTED_TEXT)
    for place, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        row, column = divmod(place, columns)
        top, left = _TITLE_HEIGHT + row * (tile_height + GAP), GAP + column * (TILE_WIDTH + GAP)
        sheet[top : top + picture.shape[0], left : left + TILE_WIDTH] = picture
        baseline = top + picture.shape[0] + 22
        _TEXT.write(sheet, printable(f"{tile.heading}   {format_time(tile.seconds)}"), left, baseline, LIGHT_TEXT)
        _TEXT.write(sheet, _counts(Counter(_labels_in(labels, tile.number))), left, baseline + 22, MUTED_TEXT)
    return sheet


def _labels_in(labels: VideoLabels, number: int) -> list[str]:
    return [each.label or "object" for each in labels.objects_in(number)]


def _track_counts(labels: VideoLabels) -> str:
    """Return the number of tracks of each label as text; a track counts for the first label that it has."""
    tracks = {track.index: track.label or "object" for track in labels.objects}
    for number in sorted(labels.frames):
        for each in labels.frames[number].objects:
            if each.index is not None:
                tracks.setdefault(each.index, each.label or "object")
    return _counts(Counter(tracks.values()))


def _counts(found: Counter[str]) -> str:
    return printable(", ".join(f"{label}: {count}" for label, count in found.most_common(5))) or "no objects"


def _save(sheet: Pixels, output: Path) -> None:
    _, encoded = cv2.imencode(output.suffix.lower(), sheet)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".drawing-") as folder:
        piece = Path(folder) / output.name
        piece.write_bytes(encoded.tobytes())
        piece.replace(output)
