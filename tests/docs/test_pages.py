"""Documentation pages: links, commands and examples are valid."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.platform_process import COMMAND
from support.documentation_pages import MADE, ROOT, anchors, blocks, links, pages
from support.walkthroughs import walkthroughs
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels

PYTHON = ("py", "python")
SHELL = ("sh", "bash", "console")
SET_UP_COMMANDS = {"python3", ".", "pip", "export", "cd", "git", "kill", "eval"}
"""First words of lines that install software; `.ci/run` and the quickstart test cover them."""

WALKTHROUGHS = {*walkthroughs()}
"""Pages that `test_walkthroughs.py` runs as a whole."""

every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_every_link_exists(page: Path) -> None:
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"https?://", target):
            continue
        aim = (page.parent / target).resolve() if target else page
        if MADE & set(aim.parts):
            continue  # tests/docs/test_site.py checks it on the built site
        if not aim.exists() or (anchor and anchor not in anchors(aim)):
            broken.append(link)

    assert broken == []


@every_page
def test_code_blocks_name_their_language(page: Path) -> None:
    assert [str(block) for block in blocks(page, "")] == []


@every_page
def test_python_examples_run(page: Path, tmp_path: Path) -> None:
    if page.name == "README.md" or page in WALKTHROUGHS:
        return  # tests/journeys/test_quickstart.py runs the README as a whole
    for block in blocks(page, *PYTHON):
        if block.source is not None:
            continue
        done = subprocess.run(
            [sys.executable, "-c", block.text],
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}: {done.stderr}"


@every_page
def test_excerpts_match_their_source_file(page: Path) -> None:
    """Compare line by line; ``...`` matches omitted lines."""
    for block in blocks(page, *PYTHON):
        if block.source is None:
            continue
        following = iter([line.strip() for line in (ROOT / block.source).read_text(encoding="utf-8").splitlines()])
        for line in filter(None, map(str.strip, block.text.splitlines())):
            assert line == "..." or line in following, f"{block}: {line!r} does not follow in {block.source}"


@every_page
def test_label_documents_are_valid(page: Path) -> None:
    """A block ``json of VideoLabels`` contains a valid document without unknown keys."""
    for block in blocks(page, "json"):
        document = json.loads(block.text)
        if block.source == "VideoLabels":
            assert video_labels_problems(document) == [], str(block)
            assert json.loads(json.dumps(VideoLabels.from_json(document).to_json())) == document, str(block)


@every_page
def test_commands_exist(page: Path) -> None:
    if page in WALKTHROUGHS:
        return
    lines = [line.removeprefix("$ ") for block in blocks(page, *SHELL) for line in block.text.splitlines()]
    for line in filter(str.strip, lines):
        words = line.partition("#")[0].replace(".venv/bin/voxel51", "voxel51").split()
        if not words or words[0] in SET_UP_COMMANDS:
            continue
        assert words[0] in {"make", "voxel51", ".ci/run"}, f"nothing checks the command {line!r}"
        if words[0] == "make":
            assert_make_target_exists(words[1])
        elif words[0] == "voxel51":
            assert_subcommand_exists(words[1:])


def assert_make_target_exists(verb: str) -> None:
    done = subprocess.run(["make", "--dry-run", verb], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def assert_subcommand_exists(words: list[str]) -> None:
    """Check that the help lists the command and all options of the line."""
    names = [word for word in words if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
    for length in range(len(names), 0, -1):
        done = subprocess.run([COMMAND, *names[:length], "--help"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            missing = [word for word in words if word.startswith("--") and word not in done.stdout]
            assert not missing, f"voxel51 {' '.join(names[:length])} has no {missing}"
            return
    raise AssertionError(f"voxel51 has no sub-command for {words}")
