from pathlib import Path

import av
import numpy as np
import pytest

from support.video_samples import footage, numbered_video
from voxel51.labels.media.audio_reader import AudioReader
from voxel51.labels.media.containers import UnreadableVideo


def song(path: Path, samples: np.ndarray, rate: int = 44_100, codec: str = "pcm_s16le", start: float = 0.0) -> Path:
    """A file of sound alone: samples from -1 to 1."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        for place in range(0, len(whole), 1024):
            frame = av.AudioFrame.from_ndarray(whole[None, place : place + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, round(start * rate) + place
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def samples_of(path: Path) -> tuple[list[float], np.ndarray]:
    with AudioReader(path) as sound:
        times, pieces = zip(*sound, strict=True)
    return list(times), np.concatenate(pieces)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 44_100),
        ("a.flac", "flac", 48_000),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.ogg", "libopus", 48_000),
    ],
)
def test_audio_of_any_codec_has_its_presentation_time(name: str, codec: str, rate: int, tmp_path: Path) -> None:
    seconds = np.arange(rate * 2) / rate
    beep = np.where((seconds > 1.0) & (seconds < 1.2), 0.5 * np.sin(2 * np.pi * 440 * seconds), 0)

    times, samples = samples_of(song(tmp_path / name, beep, rate, codec))

    assert times == pytest.approx([512 * place / 16_000 for place in range(len(times))])
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.1)
    loud = np.flatnonzero(np.abs(samples) > 0.1) / 16_000
    assert (loud.min(), loud.max()) == pytest.approx((1.0, 1.2), abs=0.06)
    assert np.sqrt((samples[16_800:18_800] ** 2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("start", [0.0, 7200.0], ids=["restart", "leap of two hours"])
def test_a_joined_recording_is_as_long_as_its_parts(start: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(5).normal(0, 0.1, 48_000 * 2)
    first = song(tmp_path / "first.ts", noise, 48_000, "mp2")
    second = song(tmp_path / "second.ts", noise, 48_000, "mp2", start)
    (tmp_path / "joined.ts").write_bytes(first.read_bytes() + second.read_bytes())

    _, samples = samples_of(tmp_path / "joined.ts")

    assert len(samples) / 16_000 == pytest.approx(4.0, abs=0.1)
    loudness = np.abs(samples[:62_400]).reshape(-1, 1600).mean(axis=1)  # of each tenth of a second
    assert loudness.min() > 0.03


def test_undecodable_packets_are_skipped_and_counted(tmp_path: Path) -> None:
    content = bytearray(footage("bigbuckbunny.mp4").read_bytes())
    noise = np.random.default_rng(1)
    with av.open(footage("bigbuckbunny.mp4")) as container:
        for place, packet in enumerate(container.demux(container.streams.audio[0])):
            if place in range(20, 30) and packet.pos is not None and packet.size:
                content[packet.pos : packet.pos + packet.size] = noise.integers(0, 256, packet.size, np.uint8).tobytes()
    (tmp_path / "bad.mp4").write_bytes(content)

    with AudioReader(tmp_path / "bad.mp4") as sound:
        count = sum(1 for _ in sound)

    assert sound.packets_damaged > 0
    assert count * 512 / 16_000 == pytest.approx(5.3, abs=0.2)


@pytest.mark.parametrize("make", [lambda path: path.write_text("no sound"), numbered_video])
def test_a_file_without_audio_is_rejected_by_its_name(make: object, tmp_path: Path) -> None:
    make(tmp_path / "silent.mp4")  # type: ignore[operator]

    with pytest.raises(UnreadableVideo, match=r"'silent\.mp4' holds no decodable audio"):
        AudioReader(tmp_path / "silent.mp4")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AudioReader(tmp_path / "nothing.mp4")
