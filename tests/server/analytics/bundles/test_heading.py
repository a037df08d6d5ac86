"""Headings of bundles: name and version, read without running the code."""

from pathlib import Path

import pytest

from voxel51.runners.environments.errors import BuildError
from voxel51.server.analytics.bundles.heading import Heading, read_heading

FUNCTION = "def red_cars(video): ...\n"


@pytest.mark.parametrize(
    ("source", "heading"),
    [
        pytest.param(f"@analytic(version='1.0.0')\n{FUNCTION}", Heading("red-cars", "1.0.0"), id="function"),
        pytest.param("@analytic(version='2')\nclass RedCars:\n    x = 1\n", Heading("red-cars", "2"), id="class"),
        pytest.param("@analytic(version='2')\nasync def a(): ...\n", Heading("a", "2"), id="coroutine"),
        pytest.param(f"@analytic(name='cars', version='2')\n{FUNCTION}", Heading("cars", "2"), id="name"),
        pytest.param(f"V = '3.1'\n@analytic(version=V)\n{FUNCTION}", Heading("red-cars", "3.1"), id="constant"),
        pytest.param(f"@sdk.analytic(\n  # the first\n  version=('1' '.0'),\n)\n{FUNCTION}", Heading("red-cars", "1.0"),
                     id="several-lines"),
        pytest.param(f"@analytic(preload=['version', f('x', version='9')], version='1')\n{FUNCTION}",
                     Heading("red-cars", "1"), id="nested-keyword"),
        pytest.param(f"'''\n@analytic(version='9')\ndef x(): ...\n'''\n@analytic(version='1')\n@cache\n{FUNCTION}",
                     Heading("red-cars", "1"), id="text-and-second-decorator"),
        pytest.param(f"def f():\n    @analytic(version='9')\n    def g(): ...\n@analytic(version='1')\n{FUNCTION}",
                     Heading("red-cars", "1"), id="inner-function"),
    ],
)  # fmt: skip
def test_heading_is_read_from_the_decorator(tmp_path, source, heading):
    (tmp_path / "a.py").write_text(source)

    assert read_heading(tmp_path, "a.py") == heading


@pytest.mark.parametrize(
    ("source", "said", "line"),
    [
        pytest.param("x = 1\n", "no function or class with the decorator", None, id="none"),
        pytest.param(f"\n@analytic()\n{FUNCTION}", "needs a version", 2, id="no-version"),
        pytest.param(f"@analytic(version=str(1))\n{FUNCTION}", "version must be written as text", 1, id="computed"),
        pytest.param(f"@analytic(version=1)\n{FUNCTION}", "version must be written as text", 1, id="number"),
        pytest.param(f"@analytic(version='a b')\n{FUNCTION}", "'a b' is not a valid version", 1, id="bad-version"),
        pytest.param(f"@analytic(version='1', name='eve/cars')\n{FUNCTION}", "'eve/cars' is not a valid name", 1,
                     id="name-of-another-owner"),
        pytest.param(f"@analytic(version='1')\n{FUNCTION}@analytic(version='1')\ndef b(): ...\n", "2 analytics", 3,
                     id="two"),
        pytest.param("def f(:\n  '''\n", "invalid Python", None, id="unclosed"),
        pytest.param(f"@analytic(version={'(' * 5000}'1'{')' * 5000})\n{FUNCTION}", "invalid Python|as text", 1,
                     id="deep"),
        pytest.param("@analytic(version='1')\ndef\n", "name: must not be empty", 1, id="no-name"),
        pytest.param("@analytic(version='1')\nasync\n", "name: must not be empty", 1, id="only-async"),
        pytest.param(f"# coding: hex\n@analytic(version='1')\n{FUNCTION}", "not a text encoding", 1, id="encoding"),
        pytest.param(f"# coding: undefined\n{FUNCTION}", "invalid Python", 1, id="undefined-encoding"),
        pytest.param("#" * 300_000, "more than 262144 bytes", None, id="large"),
    ],
)  # fmt: skip
def test_missing_or_invalid_heading_is_reported_with_its_line(tmp_path, source, said, line):
    (tmp_path / "a.py").write_text(source)

    with pytest.raises(BuildError, match=said) as error:
        read_heading(tmp_path, "a.py")

    assert error.value.file == "a.py"
    assert line is None or error.value.line == line


def test_entry_point_of_a_project_leads_to_its_module(tmp_path):
    write_project(tmp_path, "cars.find:red_cars")
    (tmp_path / "src/cars/find.py").write_text(
        f"@analytic(version='1')\ndef other(): ...\n@analytic(version='2')\n{FUNCTION}"
    )

    assert read_heading(tmp_path, ".") == Heading("red-cars", "2")


def test_manifest_beside_the_module_is_read(tmp_path):
    write_project(tmp_path, "cars:ANALYTIC")
    (tmp_path / "src/cars/__init__.py").write_text("ANALYTIC = Analytic.from_package(__name__, process)\n")
    (tmp_path / "src/cars/manifest.json").write_text('{"info": {"name": "cars", "version": "4"}}')

    assert read_heading(tmp_path, ".") == Heading("cars", "4")


def test_missing_module_is_reported(tmp_path):
    write_project(tmp_path, "gone:f")

    with pytest.raises(BuildError, match="'gone:f' names a module that the bundle does not have"):
        read_heading(tmp_path, ".")


def write_project(folder: Path, entry_point: str) -> None:
    (folder / "src/cars").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f"[project.entry-points.'voxel51.analytics']\n'a/b' = '{entry_point}'\n")


def test_large_manifest_is_refused_before_it_is_parsed(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "manifest.json").write_text("[" + "[]," * 400_000 + "0]")

    with pytest.raises(BuildError, match="the manifest has more than 1048576 bytes"):
        read_heading(tmp_path, "a.py")


def test_entry_point_that_no_module_can_have_is_refused(tmp_path):
    entry_point = "a" * 5000 + ":find"
    (tmp_path / "pyproject.toml").write_text(f"[project.entry-points.'voxel51.analytics']\na = '{entry_point}'\n")

    with pytest.raises(BuildError, match="names a module that the bundle does not have"):
        read_heading(tmp_path, ".")
