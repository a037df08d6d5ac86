"""Walkthroughs: every guide is executed step by step in an empty folder."""

import re
from collections import Counter
from pathlib import Path

import pytest

from support.documentation_pages import ROOT
from support.walkthrough_fixtures import Provisions
from support.walkthrough_runner import Reader, is_like
from support.walkthroughs import needs, steps, walkthroughs

NOT_RUN = {
    "how-to/convert-labels.md": 1,
    "how-to/run-a-container-image.md": 3,
    "how-to/split-a-long-video.md": 2,
    "operations/deploy-with-containers.md": 5,
    "operations/install-and-upgrade.md": 1,
    "operations/kubernetes.md": 3,
    "operations/postgresql.md": 2,
    "operations/ray.md": 5,
    "operations/slurm.md": 1,
    "operations/tls.md": 2,
    "tutorial/01-first-job.md": 1,
    "tutorial/04-first-deployment.md": 2,
}
"""Page -> number of blocks that cannot run on a test machine. The page states the reason of each."""

COMPOSED = {
    ": Address already in use",
    "No API token found",
    "signing.key.next exists: a rotation of the key did not finish",
}
"""Messages that are not literals in the source: from the operating system, or composed."""

every_walkthrough = pytest.mark.parametrize(
    "page", walkthroughs(), ids=lambda page: str(page.relative_to(ROOT / "docs"))
)


@pytest.mark.timeout(600)  # a page starts up to three platforms; each step has its own limit
@every_walkthrough
def test_all_steps_of_a_guide_work(page: Path, provisions: Provisions, tmp_path: Path) -> None:
    wanted = needs(page)
    reader = Reader(tmp_path, *provisions.lay_out(wanted, tmp_path))
    try:
        for step in steps(page):
            if step.word != "not run":
                reader.do(step)
    finally:
        reader.close()


def test_all_skipped_blocks_are_listed() -> None:
    left_out = Counter(
        str(page.relative_to(ROOT / "docs"))
        for page in walkthroughs()
        for step in steps(page)
        if step.word == "not run"
    )

    assert dict(left_out) == NOT_RUN


def test_errors_in_troubleshooting_exist() -> None:
    """Search for the literal parts between ``...``; text after ``voxel51`` is a command."""
    page = (ROOT / "docs" / "operations" / "troubleshooting.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py")))
    joined = re.sub(r'"\s*f?"', "", sources)  # literals continued on the next line

    explained = [text for text in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE) if not text[:3].isdigit()]
    pieces = [piece.strip() for text in explained for piece in text.split("...") if len(piece.strip(" :.,;")) > 2]

    assert len(explained) > 10
    assert [piece for piece in pieces if piece not in joined and piece not in COMPOSED] == []


@pytest.mark.parametrize(
    ("printed", "expected", "fits"),
    [
        ("Wrote 'a'\n", "Wrote 'a'", True),
        ("Wrote 'a'\n", "Wrote 'b'", False),
        ("one  \ntwo\n", "one\ntwo", True),
        ("one\ntwo\nthree", "one\n...\nthree", True),
        ("id: 12ab", "id: ...", True),
        ("one\ntwo", "one", False),
    ],
)
def test_output_is_compared_with_the_page(printed: str, expected: str, fits: bool) -> None:
    assert is_like(printed, expected) is fits
