"""Notebooks of the documentation: each is executed on a real platform, and shows what the stored one shows.

``make notebooks`` stores the outputs of the execution in the notebooks.
"""

import os
from pathlib import Path

import nbformat
import pytest

from docs.site import Site
from support.notebooks import SHOWN_ADDRESS, executed, needs, notebooks, outline, read
from support.walkthrough_fixtures import Provisions

MAX_BYTES, MAX_PAGE_BYTES = 600_000, 200_000
"""Size of a notebook, and of its page, which is a part of the wheel: a page has no videos."""

every_notebook = pytest.mark.parametrize("notebook", notebooks(), ids=lambda path: path.stem)


@pytest.mark.timeout(600)
@every_notebook
def test_notebook_runs_and_shows_what_is_stored(notebook: Path, provisions: Provisions, tmp_path: Path) -> None:
    environment, _ = provisions.lay_out(needs(notebook), tmp_path)

    found = executed(notebook, tmp_path, environment, provisions.platform.url)

    if os.environ.get("NOTEBOOKS"):
        nbformat.write(found, notebook)
    assert [*outline(found)] == [*outline(read(notebook))]


@every_notebook
def test_stored_notebook_has_outputs_and_is_small(notebook: Path) -> None:
    stored = read(notebook)

    outputs = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
    assert len(outputs) > 3
    assert not any(output.output_type == "error" for output in outputs)
    text = notebook.read_text(encoding="utf-8")
    assert SHOWN_ADDRESS in text
    assert "127.0.0.1" not in text
    assert "/tmp/" not in text
    assert len(text) < MAX_BYTES


@every_notebook
def test_site_shows_code_and_outputs(notebook: Path, site: Site) -> None:
    page = (site.folder / "generated" / "notebooks" / f"{notebook.stem}.html").read_text(encoding="utf-8")

    assert "api" in page
    assert page.count('class="notebook-output"') == sum(bool(cell.get("outputs")) for cell in read(notebook).cells)
    assert "<table" in page
    assert len(page) < MAX_PAGE_BYTES
