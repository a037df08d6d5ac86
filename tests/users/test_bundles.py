"""Bundles: packing of project folders, the same each time and without what projects do not need."""

import io
import os
import tarfile

import pytest

from voxel51.users.bundles import bundle_part, files_of
from voxel51.users.ignore_rules import IgnoreRules


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "cars"
    for name, text in {
        "cars.py": "code",
        "data/names.txt": "a",
        ".gitignore": "*.log\n/private/\n",
        "run.log": "x",
        "private/key": "x",
        "data/private/kept": "x",
        ".git/config": "x",
        ".venv/bin/python": "x",
        "data/__pycache__/a.cpython-311.pyc": "x",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def names_in(part):
    with tarfile.open(fileobj=io.BytesIO(b"".join(part.content())), mode="r:gz") as archive:
        return archive.getnames()


def test_folder_is_packed_without_ignored_files(project):
    part = bundle_part(project)

    assert part.filename == "cars.tar.gz"
    assert names_in(part) == [".gitignore", "cars.py", "data/names.txt", "data/private/kept"]
    assert sum(len(chunk) for chunk in part.content()) == part.size_bytes


def test_same_files_give_the_same_bytes(project):
    first = b"".join(bundle_part(project).content())
    (project / "cars.py").chmod(0o700)
    os.utime(project / "cars.py", (1, 1))

    assert b"".join(bundle_part(project).content()) == first


def test_link_is_refused(project):
    (project / "link").symlink_to("/etc/passwd")

    with pytest.raises(ValueError, match=r"link' is a link"):
        [*files_of(project)]


def test_only_python_files_and_folders_are_bundles(tmp_path):
    (tmp_path / "a.txt").write_text("x")

    with pytest.raises(ValueError, match=r"neither a \.py file nor a project folder"):
        bundle_part(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError, match="file or folder not found"):
        bundle_part(tmp_path / "gone.py")


@pytest.mark.parametrize(
    ("rules", "path", "is_ignored"),
    [
        ("*.log", "a/b.log", True),
        ("*.log", "a/b.logs", False),
        ("/a.txt", "b/a.txt", False),
        ("a/b", "a/b", True),
        ("a/b", "c/a/b", False),
        ("**/b", "c/a/b", True),
        ("a/**", "a/c/d", True),
        ("a/**/b", "a/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("*.py\n!kept.py", "kept.py", False),
        ("# *.py", "a.py", False),
        ("build/", "build", False),
        ("", "a", False),
        (r"\#a", "#a", True),
        ("a.c", "abc", False),
    ],
)
def test_rules_apply_as_in_git(rules, path, is_ignored):
    assert IgnoreRules(rules).ignores(path, is_folder=False) is is_ignored


def test_rule_with_a_slash_at_its_end_is_for_folders():
    assert IgnoreRules("build/").ignores("a/build", is_folder=True)
