"""Notebooks of the documentation: execute them in a folder, and compare the outputs with those that are stored."""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from support.documentation_pages import DOCUMENTATION

FOLDER = DOCUMENTATION / "notebooks"
SHOWN_ADDRESS = "https://voxel51.example.org"
"""Address of the platform in the notebooks of the documentation."""

_CELL_SECONDS = 300
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def notebooks() -> list[Path]:
    """Return the notebooks of the documentation."""
    return sorted(FOLDER.glob("*.ipynb"))


def needs(notebook: Path) -> set[str]:
    """Return the requirements of a notebook (`walkthrough_fixtures.Provisions`), from its metadata."""
    return {*read(notebook).metadata["needs"]}


def read(notebook: Path) -> NotebookNode:
    """Return a stored notebook."""
    return nbformat.read(notebook, as_version=4)


def executed(notebook: Path, folder: Path, environment: Mapping[str, str], address: str) -> NotebookNode:
    """Return a notebook with the outputs of an execution in ``folder``; ``address`` is that of the platform.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised an exception.
    """
    found = read(notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter, about its own future
        client = NotebookClient(found, timeout=_CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
        client.execute(env={**os.environ, **environment, "PYTHONWARNINGS": "ignore"})
    for cell in found.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            _show_address(output, address)
    found.metadata["language_info"] = {"name": "python"}
    return found


def outline(notebook: NotebookNode) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each cell of code with its outputs: their media types, and the text of streams without numbers."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell.source, [_kinds(output) for output in cell.outputs]


def _kinds(output: NotebookNode) -> list[str]:
    if output.output_type == "stream":
        return [output.name, _NUMBER.sub("0", output.text)]
    return sorted(output.data)


def _show_address(output: NotebookNode, address: str) -> None:
    if output.output_type == "stream":
        output.text = output.text.replace(address, SHOWN_ADDRESS)
    else:
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                output.data[kind] = content.replace(address, SHOWN_ADDRESS)
