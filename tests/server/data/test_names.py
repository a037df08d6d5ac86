"""File names and media types from outside are cleaned."""

import pytest

from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.errors import BadRequest


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("video.mp4", "video.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute/x.mp4", "x.mp4"),
        ("C:\\x\\y.avi", "y.avi"),
        ("nul\x00byte.mp4", "nul_byte.mp4"),
        ("line\r\nbreak.mp4", "line__break.mp4"),
        ("right-to-left\u202egpm.exe", "right-to-left_gpm.exe"),
        ("🎬 emoji.mp4", "🎬 emoji.mp4"),
        ("e\u0301.mp4", "é.mp4"),
        ("lone surrogate \udcff", "lone surrogate ?"),
        ("CON", "CON"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("folder/", "file"),
        (" spaced .mp4 ", "spaced .mp4"),
        ("a" * 251 + ".mp4", "a" * 251 + ".mp4"),
    ],
)
def test_name_is_reduced_to_bare_file_name(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize("name", ["a" * 252 + ".mp4", "☃" * 86])
def test_too_long_name_is_rejected(name):
    with pytest.raises(BadRequest, match="255"):
        clean_name(name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("video/x-matroska", "video/x-matroska"),
        (None, "video/mp4"),
        ("", "video/mp4"),
        ("application/octet-stream", "video/mp4"),
        ("vid\u00e9o/\u2603", "video/mp4"),
        ("video/mp4\r\nX-Injected: yes", "video/mp4"),
        ("x" * 256, "video/mp4"),
    ],
)
def test_invalid_media_type_is_derived_from_name(given, kept):
    assert clean_media_type(given, "a.mp4") == kept
