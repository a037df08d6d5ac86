"""Views in notebooks: HTML of results, with all texts escaped."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

from voxel51.wire.jobs import JobRecord

_POSTER_WIDTH = 320


def table_html(rows: Iterable[Sequence[object]], headers: Sequence[str] = ()) -> str:
    """Return a table."""
    head = "".join(f"<th>{escape(each)}</th>" for each in headers)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def run_result_html(
    job: JobRecord,
    data_ids: Mapping[str, str],
    output_path: Path | None,
    url: str | None,
    poster: Callable[[str], bytes] | None,
) -> str:
    """Return the view of a run: a poster of its first input, a table, and a link to its page in the console."""
    names = {"job": "name", "id": "id", "state": "state", "analytic": "analytic", "version": "version"}
    rows = [(title, job[key]) for title, key in names.items() if key in job]  # type: ignore[literal-required]
    rows += [("output", output_path or "none"), *((name, data_id) for name, data_id in data_ids.items())]
    link = f'<p><a href="{escape(url)}" target="_blank">Open the result in the console</a></p>' if url else ""
    return f"<div>{_picture(data_ids, poster)}{table_html(rows)}{link}</div>"


def _picture(data_ids: Mapping[str, str], poster: Callable[[str], bytes] | None) -> str:
    if poster is None or not data_ids:
        return ""
    with suppress(Exception):  # not a video, deleted, or offline: the view is shown without a picture
        content = base64.b64encode(poster(next(iter(data_ids.values())))).decode()
        return f'<img src="data:image/jpeg;base64,{content}" width="{_POSTER_WIDTH}" alt="first frames">'
    return ""
