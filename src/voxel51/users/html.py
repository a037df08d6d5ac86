"""Views in notebooks: HTML of results, with all texts escaped."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

from voxel51.wire.jobs import JobRecord

_POSTER_WIDTH = 320
_BAR_WIDTH = 240


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


def data_html(record: Mapping[str, object], url: str, poster: Callable[[str], bytes] | None) -> str:
    """Return the view of a file: its poster, its facts, and a link to its page in the console."""
    names = ("name", "id", "type", "size", "duration_seconds", "width", "height", "frame_rate", "upload_date")
    return f"<div>{_picture({'data': str(record['id'])}, poster)}{_facts(record, names)}{_link(url)}</div>"


def job_html(record: Mapping[str, object], url: str) -> str:
    """Return the view of a job."""
    names = ("name", "id", "state", "analytic", "version", "upload_date", "completion_date", "failure_message")
    return f"<div>{_facts(record, names)}{_link(url)}</div>"


def batch_html(record: Mapping[str, object], url: str) -> str:
    """Return the view of a batch: its facts, and a bar for each state of its items."""
    names = ("name", "id", "state", "analytic", "version", "created_date", "end_date")
    counts = record["counts"]
    bars = _bars(counts) if isinstance(counts, Mapping) else ""
    return f"<div>{_facts(record, names)}{bars}{_link(url)}</div>"


def collection_html(record: Mapping[str, object], url: str | None = None) -> str:
    """Return the view of a collection."""
    names = ("name", "id", "description", "owner", "role", "data_count", "created_at")
    return f"<div>{_facts(record, names)}{_link(url)}</div>"


def _facts(record: Mapping[str, object], names: Sequence[str]) -> str:
    """Return a table of those of the named fields that the record has."""
    found = [(name.replace("_", " "), record[name]) for name in names if record.get(name) not in {None, ""}]
    return table_html(found)


def _bars(counts: Mapping[str, object]) -> str:
    """Return a chart of numbers by name: a bar as long as its share of the largest one."""
    numbers = {str(name): int(str(count)) for name, count in counts.items() if count}
    largest = max(numbers.values(), default=1)
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td>{count}</td><td><div style="background:#4a90d9;height:0.8em;'
        f'width:{_BAR_WIDTH * count // largest}px"></div></td></tr>'
        for name, count in numbers.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _link(url: str | None) -> str:
    return f'<p><a href="{escape(url)}" target="_blank">Open in the console</a></p>' if url else ""


def _picture(data_ids: Mapping[str, str], poster: Callable[[str], bytes] | None) -> str:
    if poster is None or not data_ids:
        return ""
    with suppress(Exception):  # not a video, deleted, or offline: the view is shown without a picture
        content = base64.b64encode(poster(next(iter(data_ids.values())))).decode()
        return f'<img src="data:image/jpeg;base64,{content}" width="{_POSTER_WIDTH}" alt="first frames">'
    return ""
