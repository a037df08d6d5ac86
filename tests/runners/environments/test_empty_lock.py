"""Bundles that need the SDK alone: resolved, prepared and described without uv and without an index."""

import pytest

from support.sandboxes import strongest_sandbox
from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.store import EnvironmentStore

ANALYTIC = '''
from voxel51.platform import Video, VideoLabels, analytic


@analytic(version="1.0.0")
def red_cars(video: Video, threshold: float = 0.5) -> VideoLabels:
    """Find red cars.

    Args:
        video: the video to look at.
        threshold: least share of red pixels in a box.
    """
    raise RuntimeError("not today")
'''

WITHOUT_DOCSTRING = "".join(ANALYTIC.split('"""')[::2])


@pytest.fixture
def store(tmp_path):
    store = EnvironmentStore(tmp_path / "environments", strongest_sandbox())
    store.open()
    return store


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder / "red_cars.py"


def describe(store, source):
    resolved = store.resolve(source, lambda _line: None)
    with store.prepare(resolved.lock, lambda _line: None) as environment:
        return store.describe(environment, source.parent / resolved.module)


def test_analytic_without_requirements_is_described(store, source):
    source.write_text(ANALYTIC)

    described = describe(store, source)

    assert described.document["info"]["name"] == "red-cars"
    assert described.document["inputs"][0]["type"] == "types.Video"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("x = 1\nif x\n", 2, "expected ':'", id="syntax"),
        pytest.param("import voxel51\nimport nonsense\n", 2, "No module named 'nonsense'", id="module"),
        pytest.param("import voxel51\nimport sqlalchemy\n", 2, "No module named 'sqlalchemy'", id="of-the-server"),
        pytest.param(WITHOUT_DOCSTRING, 6, "the docstring is missing", id="derivation"),
        pytest.param(ANALYTIC + "\n1 / 0\n", 15, "ZeroDivisionError", id="exception"),
        pytest.param("import os\nos._exit(3)\n", None, "ended the process with code 3", id="exit"),
    ],
)
def test_source_that_cannot_be_described_has_an_error_with_its_line(store, source, text, line, message):
    source.write_text(text)

    with pytest.raises(BuildError) as caught:
        describe(store, source)

    assert message in caught.value.message
    assert (caught.value.file, caught.value.line) == ("red_cars.py" if line else None, line)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param(
            '{"error": "bad\\u0000", "file": {"a": 1}, "line": 1e999}', "bad\N{REPLACEMENT CHARACTER}", id="types"
        ),
        pytest.param('{"error": "' + "x" * 100_000 + '"}', "x" * 4000, id="long"),
        pytest.param("[1]", "importing the analytic gave no description of it", id="list"),
        pytest.param('{"document": 5}', "importing the analytic gave no description of it", id="number"),
        pytest.param("[" * 100_000, "importing the analytic ended the process with code 0", id="deep"),
    ],
)
def test_description_that_code_of_the_bundle_wrote_itself_is_an_error_of_the_bundle(store, source, written, message):
    source.write_text(f"import os, sys\nopen(sys.argv[2], 'w').write({written!r})\nos._exit(0)\n")

    with pytest.raises(BuildError) as caught:
        describe(store, source)

    assert (caught.value.message, caught.value.file, caught.value.line) == (message, None, None)
