"""Language check: findings in each kind of file, and texts that are not findings."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(file: Path, text: str) -> list[str]:
    """Write ``text`` to ``file``, run the check on it, and return the findings as ``line: text``."""
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "language", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if done.stdout else 0), done.stderr
    return [line.removeprefix(f"{file}:").partition(": write ")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""What a job takes."""', ["1: What … (opens a docstring)"]),
        ('"""Jobs: what each one takes."""', []),
        ('class Job:\n    """Job.\n\n    Whoever\n    reads is nobody.\n    """', ["4: Whoever", "5: nobody"]),
        ("LIMIT = 5\n'''How many there are.'''", ["2: How … (opens a docstring)"]),
        ("def test_this_is_no_video(): ...", ["1: test_this_is_no_video"]),
        ("class _Wish: ...", ["1: _Wish"]),
        ("class Wishbone: ...", []),
        ("wishbone.wish()", []),
        ("told = 1", ["1: told"]),
        ("raise ValueError(f'{name} is no video')", ["1: is no video"]),
        ("raise ValueError(f'{name} is no longer a video')", []),
        ("raise ValueError('there is no video')", []),
        ("user = 'nobody'", []),
        ("# Everybody may read it, in vain.", ["1: in vain", "1: Everybody"]),
        ("# The value will\n# not do.", ["1: will not do"]),
        ('"""The field ``nobody`` of the wire."""', []),
    ],
)
def test_python_is_checked_by_docstring_name_string_and_comment(tmp_path: Path, text: str, found: list[str]) -> None:
    assert check(tmp_path / "module.py", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("// ask nobody", ["1: nobody"]),
        ("const a = 'seen by nobody';", ["1: nobody"]),
        ("const a = `<p>${ count({ a }) } of\nnobody</p>`;", ["2: nobody"]),
        ("const nobody = /nobody knows/;", ["1: nobody"]),
        ("show(a / b, 'x'); // nobody's", ["1: nobody's"]),
    ],
)
def test_javascript_is_checked_by_name_string_and_comment(tmp_path: Path, text: str, found: list[str]) -> None:
    assert check(tmp_path / "page.js", text) == found


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("page.md", "Seen by\nwhoever asks.\n```\nnobody\n```\n`nobody`\n", ["2: whoever"]),
        ("page.html", '<p class="nobody">Hello</p>\n<img alt="for nobody">', ["2: nobody"]),
        ("style.css", ".nobody { color: red } /* for nobody */", ["1: nobody"]),
        ("settings.toml", "# for\n# nobody", ["2: nobody"]),
        ("Makefile", "all: ## for nobody", ["1: nobody"]),
        ("picture.png", "", []),
    ],
)
def test_other_files_are_checked_where_people_read_them(tmp_path: Path, name: str, text: str, found: list[str]) -> None:
    assert check(tmp_path / name, text) == found


def test_the_name_of_a_file_is_checked(tmp_path: Path) -> None:
    assert check(tmp_path / "wishes.py", "") == ["1: wishes"]


def test_folders_are_searched_but_not_for_generated_files(tmp_path: Path) -> None:
    for folder in ("kept", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.md").write_text("nobody", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "language", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{tmp_path}/kept/page.md:1: nobody: write no user, no process, … or who does not\n"


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / ".ci" / "language", tmp_path / "missing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"not found: {tmp_path}/missing\n")
