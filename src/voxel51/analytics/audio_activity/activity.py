"""What is heard from when to when: speech, silence, or other sound."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

CONTINUATION_SHARE = 0.7
"""Speech that has begun goes on while its likelihood is at least this share of what it takes to begin."""

PAUSE_SECONDS = 0.3
"""A shorter pause between words belongs to the speech."""

MAX_PEAK_DOUBT = 0.04
"""At its surest, speech leaves at most this share of the doubt that its beginning may leave: at a likelihood of 0.5 to
begin, 0.98. Speakers nearly always reach 0.99; squeaks and instruments stay below.
"""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of sound: when it begins, in seconds; the frame that is shown then; how likely it is speech, 0 to 1; and
    how loud it is, in decibels below full scale.
    """

    time: float
    frame_number: int
    likelihood: float
    level: float


@dataclass(slots=True)
class AudioSegment:
    """Something that goes on: ``speech``, ``silence`` or ``sound`` (``kind``), over frames and seconds."""

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
        """How long it lasts."""
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
        """Go on to the end of ``other``, which follows."""
        self.last, self.end = other.last, other.end
        self.pieces += other.pieces
        self.likelihoods += other.likelihoods
        self.levels += other.levels
        self.peak = max(self.peak, other.peak)


@dataclass
class ActivitySegmenter:
    """Puts pieces that come one by one together.

    Attributes:
        speech_likelihood: from which on it is speech.
        silence_level: below which it is silence, in decibels.
        shortest_speech, shortest_silence: in seconds; what is shorter is sound.
        piece_seconds: length of a piece.
    """

    speech_likelihood: float
    silence_level: float
    shortest_speech: float
    shortest_silence: float
    piece_seconds: float
    _stretches: list[AudioSegment] = field(default_factory=list)
    _is_speech: bool = False

    def add(self, heard: AudioChunk) -> None:
        """Take the next piece."""
        needed = self.speech_likelihood * (CONTINUATION_SHARE if self._is_speech else 1.0)
        self._is_speech = heard.likelihood >= needed
        kind = "speech" if self._is_speech else "silence" if heard.level < self.silence_level else "sound"
        end = heard.time + self.piece_seconds
        piece = AudioSegment(kind, heard.frame_number, heard.frame_number, heard.time, end, 1, heard.likelihood,
                             heard.level, heard.likelihood)  # fmt: skip
        _append(self._stretches, piece)

    def finish(self) -> Iterator[AudioSegment]:
        """All of it, in order, one after the other without gaps."""
        bridged = _without(self._stretches, self._is_pause)
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


def _append(stretches: list[AudioSegment], piece: AudioSegment) -> None:
    if stretches and stretches[-1].kind == piece.kind:
        stretches[-1].join(piece)
    else:
        stretches.append(piece)


def _without(
    stretches: list[AudioSegment], belongs: Callable[[AudioSegment, AudioSegment, AudioSegment], bool]
) -> list[AudioSegment]:
    """Stretches with those that ``belongs`` says joined to the ones around them."""
    joined: list[AudioSegment] = []
    place = 0
    while place < len(stretches):
        each = stretches[place]
        if joined and place + 1 < len(stretches) and belongs(joined[-1], each, stretches[place + 1]):
            joined[-1].join(each)
            joined[-1].join(stretches[place + 1])
            place += 2
        else:
            joined.append(each)
            place += 1
    return joined


def _renamed(
    stretches: Iterable[AudioSegment], chosen: Callable[[AudioSegment], bool], kind: str
) -> list[AudioSegment]:
    """Stretches, the chosen ones called ``kind``; neighbours of one kind become one."""
    renamed: list[AudioSegment] = []
    for each in stretches:
        if chosen(each):
            each.kind = kind
        _append(renamed, each)
    return renamed
