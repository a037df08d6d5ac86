"""Spans: a summary of labels, with the time at which each track and event is visible. Files of any size are
streamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from voxel51.labels.field_types import JsonValue
from voxel51.labels.streaming import items, labels_file, pairs
from voxel51.labels.support import Support

LONGEST_GAP_SECONDS = 1.0
"""A track that is not labelled for longer ends its span, and a later detection begins another."""

MOST_SPANS = 5000
LONGEST_TEXT = 200
_USUAL_RATE = 25.0


@dataclass(slots=True)
class Span:
    """Time during which an object or event is labelled.

    Attributes:
        kind: ``object`` or ``event``.
        label: label of the object or event; empty if it has none.
        track: number of the track; None for objects without one.
        text: recognised text, for labels of text.
        first_frame, last_frame: counted from 1.
        frame_count: number of frames between them in which it is labelled.
        seconds: duration by the mean frame rate.
        confidence: the greatest confidence; None if no confidence is known.
    """

    kind: str
    label: str
    track: int | None
    text: str | None
    first_frame: int
    last_frame: int
    frame_count: int
    seconds: float = 0.0
    confidence: float | None = None


@dataclass(slots=True)
class Spans:
    """All of one file; ``is_complete`` is false where there are more than `MOST_SPANS`."""

    spans: list[Span] = field(default_factory=list)
    is_complete: bool = True


def spans_of(path: Path) -> Spans:
    """Return the spans of the labels of a video in the file at ``path``.

    Raises:
        InvalidLabels: the file is not JSON, or not labels of a video.
        OSError: the file cannot be opened.
    """
    with labels_file(path) as file:
        return _Summary(file).build()


class _Summary:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        rate = next(items(self._file, "metadata.frame_rate"), None)
        self._rate = float(rate) if rate else _USUAL_RATE
        self._gap = round(self._rate * LONGEST_GAP_SECONDS)
        self._open: dict[tuple[str, int | None], Span] = {}
        self._found = Spans()

    def build(self) -> Spans:
        for key, frame in pairs(self._file, "frames"):
            self._end_before(int(key) - self._gap)
            for each in _entries(frame, "objects"):
                self._add_object(int(key), each, each.get("label"), each.get("index"))
        self._end_before(None)
        for track in items(self._file, "objects.objects.item"):
            for number in sorted(int(each) for each in track.get("frames") or {}):
                self._end_before(number - self._gap)
                seen = track["frames"][str(number)]
                self._add_object(number, {**track, **seen}, track.get("label"), track.get("index"))
            self._end_before(None)
        for event in items(self._file, "events.events.item"):
            self._add_event(event)
        for span in self._found.spans:
            span.seconds = round((span.last_frame - span.first_frame + 1) / self._rate, 3)
        return self._found

    def _add_object(self, number: int, seen: Mapping[str, JsonValue], label: JsonValue, track: JsonValue) -> None:
        key = (str(label or ""), None if track is None else int(track))
        span = self._open.get(key)
        if span is None:
            if len(self._found.spans) + len(self._open) >= MOST_SPANS:
                self._found.is_complete = False
                return
            span = self._open[key] = Span("object", *key, None, number, number, 0)
        if span.frame_count == 0 or span.last_frame != number:
            span.frame_count += 1
        span.last_frame = number
        confidence = seen.get("confidence")
        if confidence is not None and (span.confidence is None or confidence > span.confidence):
            span.confidence = float(confidence)
            span.text = _text_of(seen) or span.text

    def _add_event(self, event: Mapping[str, JsonValue]) -> None:
        for first, last in Support.read(event["support"]).ranges if event.get("support") else ():
            if len(self._found.spans) >= MOST_SPANS:
                self._found.is_complete = False
                return
            confidence = event.get("confidence")
            self._found.spans.append(
                Span(
                    kind="event",
                    label=str(event.get("label") or ""),
                    track=None if event.get("index") is None else int(event["index"]),
                    text=_text_of(event),
                    first_frame=first,
                    last_frame=last,
                    frame_count=last - first + 1,
                    confidence=None if confidence is None else float(confidence),
                )
            )

    def _end_before(self, number: int | None) -> None:
        ended = [key for key, span in self._open.items() if number is None or span.last_frame < number]
        self._found.spans += [self._open.pop(key) for key in ended]


def _entries(record: Mapping[str, JsonValue], name: str) -> list[Mapping[str, JsonValue]]:
    return list((record.get(name) or {}).get(name) or ())


def _text_of(record: Mapping[str, JsonValue]) -> str | None:
    texts = [each.get("value") for each in _entries(record, "attrs") if each.get("name") == "text"]
    return str(texts[0])[:LONGEST_TEXT] if texts else None
