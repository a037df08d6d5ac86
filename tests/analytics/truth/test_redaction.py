"""Face redaction on a film with faces that its detector is unsure of, and a profile at the side of the frame."""

from pathlib import Path

import numpy as np
import pytest

from support.pedestrians import example_film
from voxel51.analytics.face_redaction import analytic
from voxel51.labels.media.frame import Region
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform import local

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WOMAN = Region(0.33, 0.35, 0.45, 0.5)
PROFILE = Region(0.9, 0.5, 0.96, 0.7)


def test_profiles_at_the_side_and_unsure_faces_are_redacted(tmp_path: Path) -> None:
    film = example_film("Megamind.avi")

    done = local.run(analytic, {"video": film}, {"style": "black", "first_frame": 157, "last_frame": 199}, tmp_path)

    with VideoReader(done.outputs["video"]) as video:
        images = [frame.image() for frame in video]
    assert len(images) == 43
    for region in (WOMAN, PROFILE):
        brightness = [float(np.mean(region.cut(image))) for image in images]
        assert max(brightness) < 24, region
