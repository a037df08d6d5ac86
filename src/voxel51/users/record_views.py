"""Record views: HTML of the records of data, jobs, batches and collections, for notebooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voxel51.users.html import batch_html, collection_html, data_html, job_html


@dataclass(frozen=True, slots=True)
class RecordView:
    """View of a record. Notebooks show it; ``html`` is its text, in which everything is escaped."""

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        """Return the view in notebooks."""
        return self.html


def view_of(record: Mapping[str, object], console_url: str, poster: Callable[[str], bytes] | None) -> RecordView:
    """Return the view of a record of the platform.

    Args:
        record: record of data, of a job, of a batch or of a collection.
        console_url: address of the console, for links.
        poster: returns a picture of data; None shows none.

    Raises:
        ValueError: it is a record of something else.
    """
    url = console_url.rstrip("/")
    if "parameter_sets" in record:
        return RecordView(batch_html(record, f"{url}/jobs/batches/{record['id']}"))
    if "data_count" in record:
        return RecordView(collection_html(record, f"{url}/collections/{record['id']}"))
    if "analytic_id" in record or "output_filename" in record:
        return RecordView(job_html(record, f"{url}/jobs/{record['id']}"))
    if "size" in record and "id" in record:
        return RecordView(data_html(record, f"{url}/data/{record['id']}", poster))
    raise ValueError(f"no view of a record with the fields {sorted(record)[:8]}; use one of data, a job or a batch")
