"""Pages of the notebooks, from their stored outputs: nothing is executed when the documentation is built."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "notebooks"
_FENCE = "`" * 6  # longer than any fence in a cell
_PICTURES = ("image/png", "image/jpeg")
_PLAYER = "<p>(The player of the video is in the notebook.)</p>"  # a video would make each wheel larger
_LINK = re.compile(r"\]\((?!https?:|#)([^)]+)\)")


def pages() -> dict[str, str]:
    """Return file name -> content: for each notebook a page in Markdown, and the notebook without its outputs."""
    files: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        files[f"notebooks/{path.stem}.md"] = _page(path.name, notebook["cells"])
        cells = [_without_outputs(cell) for cell in notebook["cells"]]
        files[f"notebooks/{path.name}"] = json.dumps({**notebook, "cells": cells}, indent=1) + "\n"
    return files


def _page(name: str, cells: Sequence[Mapping[str, Any]]) -> str:
    download = f"It is the notebook `docs/notebooks/{name}` of the repository. Download it [without outputs]({name})."
    first, *others = ("\n".join(_lines(cell)) for cell in cells)
    return "\n\n".join([first, download, *others, ""])


def _without_outputs(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell as before its execution. Stored pictures and videos would make each wheel larger."""
    return {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else dict(cell)


def _lines(cell: Mapping[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield _LINK.sub(_moved, source)
        return
    yield from (f"{_FENCE}py", source, _FENCE, "")
    if shown := [each for output in cell["outputs"] for each in _shown(output)]:
        yield from (f"{_FENCE}{{raw}} html", '<div class="notebook-output" style="overflow-x: auto">')
        yield from shown
        yield from ("</div>", _FENCE)


def _moved(link: re.Match[str]) -> str:
    """Return a link of a notebook as the page has it, which is one folder deeper; notebooks become their pages."""
    target = link[1]
    return f"](../{target})" if target.startswith("../") else f"]({target.replace('.ipynb', '.md')})"


def _shown(output: Mapping[str, Any]) -> Iterator[str]:
    """Yield the best form of an output as HTML. Fences end at no line of it: it has no line of six backquotes."""
    data = {"text/plain": output["text"]} if output["output_type"] == "stream" else output["data"]
    if "text/html" in data:
        shown = "".join(data["text/html"])
        yield _PLAYER if "<video" in shown else shown
        return
    for kind in _PICTURES:
        if kind in data:
            content = "".join(data[kind]).replace("\n", "")
            yield f'<img src="data:{kind};base64,{content}" alt="{_escaped("".join(data["text/plain"]))}">'
            return
    yield f"<pre>{_escaped(''.join(data['text/plain']))}</pre>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
