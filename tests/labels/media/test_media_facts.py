"""Media facts of videos, of audio files, and of other files."""

from pathlib import Path

import av
import numpy as np
import pytest

from support.video_samples import numbered_video
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.media_facts import media_facts


def test_facts_of_a_video(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "v.mp4", frames=50, audio_seconds=2.0)

    assert media_facts(video) == {
        "duration_seconds": 2.0, "frame_rate": 25.0, "frame_count": 50, "width": 320, "height": 180,
        "video_codec": "h264", "audio_codec": "aac", "has_audio": True,
    }  # fmt: skip


def test_a_video_that_is_shown_upright_is_as_high_as_it_is_shown(tmp_path: Path) -> None:
    facts = media_facts(numbered_video(tmp_path / "v.mp4", rotation=90))

    assert (facts["width"], facts["height"], facts["has_audio"]) == (180, 320, False)


def test_facts_of_a_song(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    with av.open(song, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 12_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode(None)])

    facts = media_facts(song)

    assert facts == {"duration_seconds": 1.5, "audio_codec": "pcm_s16le", "has_audio": True}


def test_other_files_have_no_facts(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("text")

    with pytest.raises(UnreadableVideo, match="looks like text"):
        media_facts(tmp_path / "v.mp4")
