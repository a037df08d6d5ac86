import pytest

from voxel51.platform.filenames import LONGEST_NAME_BYTES, filename_of


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        pytest.param('attachment; filename="v.mp4"', "v.mp4", id="quoted"),
        pytest.param("attachment; filename=v.mp4; size=1", "v.mp4", id="bare"),
        pytest.param("attachment; filename=\"_.mp4\"; filename*=UTF-8''%E2%82%AC.mp4", "€.mp4", id="extended"),
        pytest.param('attachment; filename="\xe2\x82\xac.mp4"', "€.mp4", id="utf-8-as-latin-1"),
        pytest.param('attachment; filename="a%22b.mp4"', 'a"b.mp4', id="escaped-quote"),
        pytest.param('attachment; filename="../../etc/passwd"', "passwd", id="climbing"),
        pytest.param('attachment; filename="C:\\\\films\\\\v.mp4"', "v.mp4", id="backslashes"),
        pytest.param("attachment; filename*=UTF-8''..%2f..%2fx", "x", id="climbing-encoded"),
        pytest.param("attachment; filename*=UTF-8''v%00%0a.mp4", "v.mp4", id="control-characters"),
        pytest.param('attachment; filename=".."', "file", id="parent"),
        pytest.param('attachment; filename=".bashrc"', "bashrc", id="hidden"),
        pytest.param('attachment; filename=""', "in put.mp4", id="empty-falls-back-to-the-address"),
        pytest.param(None, "in put.mp4", id="absent-falls-back-to-the-address"),
    ],
)
def test_the_name_of_an_input_is_safe(disposition, name):
    assert filename_of(disposition, "http://h/a/in%20put.mp4?signature=1") == name


@pytest.mark.parametrize("letter", ["x", "🎬"])
def test_a_long_name_is_cut_and_keeps_its_extension(letter):
    name = filename_of(f"attachment; filename*=UTF-8''{letter * 300}.mp4", "http://h/")

    assert len(name.encode()) <= LONGEST_NAME_BYTES
    assert name.startswith(letter * 40)
    assert name.endswith(".mp4")
