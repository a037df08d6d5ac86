"""Audio activity: speech, silence and other sound in real and synthetic audio."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from labels.media.test_audio_reader import song
from support.in_process_jobs import run_on
from support.pedestrians import EXAMPLES
from support.requirements import skip_except_in_ci
from support.video_samples import VARIABLE_TIMES_MS, audio_only, footage, numbered_image, numbered_video
from voxel51.analytics.audio_activity import analytic
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput

SPEECH = EXAMPLES / "Megamind.avi"
RATE = 16_000
SECONDS = 8

Sound = NDArray[np.float64]


def seconds_of(labels: VideoLabels, kind: str) -> float:
    total = 0.0
    for event in labels.events:
        facts = {each.name: each.value for each in event.attributes}
        if event.label == kind:
            total += float(facts["end_seconds"]) - float(facts["start_seconds"])  # type: ignore[arg-type]
    return total


def tone(frequency: float, time: Sound) -> Sound:
    """A note with the overtones of a string."""
    return sum((np.sin(2 * np.pi * frequency * k * time) / k for k in range(1, 7)), np.zeros_like(time))


def chords() -> Sound:
    time = np.arange(SECONDS * RATE) / RATE
    return sum((tone(each, time) * (0.6 + 0.4 * np.sin(np.pi * time)) for each in (220, 277, 330)), np.zeros_like(time))


def arpeggio() -> Sound:
    whole = np.zeros(SECONDS * RATE)
    length = RATE // 4
    time = np.arange(length) / RATE
    for place in range(SECONDS * 4):
        note = (262, 330, 392, 523, 392, 330)[place % 6] * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * time))
        whole[place * length : (place + 1) * length] = tone(1.0, np.cumsum(note) / RATE) * np.exp(-4 * time)
    return whole


def drums() -> Sound:
    noise, length = np.random.default_rng(1), RATE // 4
    time = np.arange(length) / RATE
    beats = [np.sin(2 * np.pi * 60 * time) * np.exp(-20 * time), noise.normal(size=length) * np.exp(-30 * time)]
    return np.concatenate([beats[place % 2] for place in range(SECONDS * 4)])


def band() -> Sound:
    return chords() / 3 + arpeggio() + drums()


def hiss() -> Sound:
    return np.random.default_rng(2).normal(size=SECONDS * RATE)


@pytest.mark.parametrize("make", [chords, arpeggio, drums, band, hiss])
def test_music_and_noise_are_not_speech(make: Callable[[], Sound], tmp_path: Path) -> None:
    samples = make()

    labels, recorder = run_on(analytic, song(tmp_path / "a.wav", samples / np.abs(samples).max() * 0.5, RATE), tmp_path)

    assert seconds_of(labels, "speech") == 0
    assert seconds_of(labels, "sound") == pytest.approx(SECONDS, abs=0.6)
    assert video_labels_problems(labels.to_json()) == []
    assert recorder.fractions[-1] == 1.0


def test_a_cartoon_with_music_and_sighs_is_not_speech(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage("bigbuckbunny.mp4"), tmp_path)

    assert seconds_of(labels, "speech") == 0
    assert labels.events[0].support is not None


def test_speech_is_detected_between_pauses(tmp_path: Path) -> None:
    if not SPEECH.is_file():
        skip_except_in_ci(f"{SPEECH} is not there (apt-get install opencv-doc)")

    labels, recorder = run_on(analytic, SPEECH, tmp_path)

    assert 7.5 < seconds_of(labels, "speech") < 10.5
    assert len([event for event in labels.events if event.label == "speech"]) >= 3
    assert any("could not be decoded" in text for text in recorder.warnings)
    ends = [event.support.ranges[-1][1] for event in labels.events if event.support]
    assert ends == sorted(ends)
    assert labels.metadata is not None
    assert ends[-1] <= (labels.metadata.total_frame_count or 0)


def test_silence_and_sound_cover_the_frames_shown_meanwhile(tmp_path: Path) -> None:
    """Two seconds, the second one loud, beside frames at uneven times."""
    path = tmp_path / "a.mkv"
    loud = np.concatenate([np.zeros(RATE), 0.5 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)])
    with av.open(path, "w") as container:
        pictures, sound = container.add_stream("libx264", rate=25), container.add_stream("pcm_s16le", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = 320, 180, "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 1000)
        sound.codec_context.layout = "mono"
        for number, time in enumerate(VARIABLE_TIMES_MS, 1):
            picture = av.VideoFrame.from_ndarray(numbered_image(number), format="bgr24").reformat(format="yuv420p")
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
        piece = av.AudioFrame.from_ndarray((loud * 32767).astype(np.int16)[None], format="s16", layout="mono")
        piece.sample_rate, piece.pts = RATE, 0
        container.mux(sound.encode(piece))
        container.mux(sound.encode())

    labels, _ = run_on(analytic, path, tmp_path / "job")

    reported = [(event.label, event.support.ranges[0]) for event in labels.events if event.support]
    assert reported == [("silence", (1, 8)), ("sound", (8, 15))]  # the ninth frame comes at 1.0 s, amid a piece


def test_only_the_selected_range_is_analysed(tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros(2 * RATE), arpeggio()[: 2 * RATE] * 0.4])

    labels, _ = run_on(analytic, song(tmp_path / "a.wav", samples, RATE), tmp_path, start_seconds=2.1, end_seconds=3.0)

    [event] = labels.events
    assert event.label == "sound"
    assert event.support is not None
    assert event.support.ranges[0] == pytest.approx((211, 300), abs=4)


def test_a_silent_video_is_one_silence(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, audio_only(tmp_path / "a.m4a", 3.0), tmp_path)

    assert [event.label for event in labels.events] == ["silence"]


def test_a_video_without_audio_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"'in\.mp4' holds no decodable audio"):
        run_on(analytic, numbered_video(tmp_path / "in.mp4"), tmp_path / "job")


def test_an_empty_selection_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nothing of 'a\.wav' is selected"):
        run_on(analytic, song(tmp_path / "a.wav", chords(), RATE), tmp_path / "job", start_seconds=99)
