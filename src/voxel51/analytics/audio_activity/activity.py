"""Segmentation of audio into speech, silence and other sound, from the speech likelihood of short chunks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

CONTINUATION_SHARE = 0.7
"""Hysteresis: speech continues while its likelihood is at least this share of the likelihood that starts it."""

PAUSE_SECONDS = 0.3
"""A shorter pause between words is part of the speech."""

MAX_PEAK_DOUBT = 0.04
"""Maximum doubt at the peak of a speech segment, as a share of the doubt at its start threshold.

At a threshold of 0.5 the peak must reach 0.98. Voices nearly always reach 0.99; squeaks and instruments stay below.
"""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Chunk of audio: its start in seconds, the frame that is shown then, its likelihood of speech from 0 to 1, and its
    level in decibels below full scale.
    """

    time: float
    frame_number: int
    likelihood: float
    level: float


@dataclass(slots=True)
class AudioSegment:
    """Segment of one kind (``speech``, ``silence`` or ``sound``), over frames and seconds."""

    kind: str
    first: int
    last: int
    start: float
    end: float
    pieces: int = 0
    likelihoods: float = 0.0
    levels: float = 0.0
    peak: float = 0.0

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.start

    @property
    def likelihood(self) -> float:
        """Mean likelihood of speech."""
        return self.likelihoods / max(self.pieces, 1)

    @property
    def level(self) -> float:
        """Mean level, in decibels."""
        return self.levels / max(self.pieces, 1)

    def join(self, other: "AudioSegment") -> None:
        """Extend the segment to the end of ``other``, which follows it."""
        self.last, self.end = other.last, other.end
        self.pieces += other.pieces
        self.likelihoods += other.likelihoods
        self.levels += other.levels
        self.peak = max(self.peak, other.peak)


@dataclass
class ActivitySegmenter:
    """Joins consecutive chunks into segments.

    Attributes:
        speech_likelihood: minimum likelihood of speech.
        silence_level: maximum level of silence, in decibels.
        shortest_speech, shortest_silence: in seconds; shorter segments are sound.
        chunk_seconds: length of a chunk.
    """

    speech_likelihood: float
    silence_level: float
    shortest_speech: float
    shortest_silence: float
    chunk_seconds: float
    _segments: list[AudioSegment] = field(default_factory=list)
    _is_speech: bool = False

    def add(self, chunk: AudioChunk) -> None:
        """Add the next chunk."""
        needed = self.speech_likelihood * (CONTINUATION_SHARE if self._is_speech else 1.0)
        self._is_speech = chunk.likelihood >= needed
        kind = "speech" if self._is_speech else "silence" if chunk.level < self.silence_level else "sound"
        end = chunk.time + self.chunk_seconds
        piece = AudioSegment(kind, chunk.frame_number, chunk.frame_number, chunk.time, end, 1, chunk.likelihood,
                             chunk.level, chunk.likelihood)  # fmt: skip
        _append(self._segments, piece)

    def finish(self) -> Iterator[AudioSegment]:
        """Yield all segments in order, without gaps."""
        bridged = _without(self._segments, self._is_pause)
        spoken = _renamed(bridged, lambda each: each.kind == "speech" and not self._is_convincing(each), "sound")
        yield from _renamed(spoken, self._is_breath, "sound")

    def _is_pause(self, before: AudioSegment, between: AudioSegment, after: AudioSegment) -> bool:
        return (before.kind, after.kind) == ("speech", "speech") and between.seconds < PAUSE_SECONDS

    def _is_breath(self, each: AudioSegment) -> bool:
        return each.kind == "silence" and each.seconds < self.shortest_silence

    def _is_convincing(self, speech: AudioSegment) -> bool:
        return speech.seconds >= self.shortest_speech and 1 - speech.peak <= MAX_PEAK_DOUBT * (
            1 - self.speech_likelihood
        )


def _append(segments: list[AudioSegment], piece: AudioSegment) -> None:
    if segments and segments[-1].kind == piece.kind:
        segments[-1].join(piece)
    else:
        segments.append(piece)


def _without(
    segments: list[AudioSegment], belongs: Callable[[AudioSegment, AudioSegment, AudioSegment], bool]
) -> list[AudioSegment]:
    """Return the segments; each one for which ``belongs`` is true is joined with its neighbours."""
    joined: list[AudioSegment] = []
    place = 0
    while place < len(segments):
        each = segments[place]
        if joined and place + 1 < len(segments) and belongs(joined[-1], each, segments[place + 1]):
            joined[-1].join(each)
            joined[-1].join(segments[place + 1])
            place += 2
        else:
            joined.append(each)
            place += 1
    return joined


def _renamed(segments: Iterable[AudioSegment], chosen: Callable[[AudioSegment], bool], kind: str) -> list[AudioSegment]:
    """Return the segments with the kind of the chosen ones changed; neighbours of one kind are joined."""
    renamed: list[AudioSegment] = []
    for each in segments:
        if chosen(each):
            each.kind = kind
        _append(renamed, each)
    return renamed
