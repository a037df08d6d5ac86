"""Label queries: the parameters of a label search."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.server.errors import BadRequest
from voxel51.server.parameters import QueryParameter, read_number

MAX_LABELS = 5
MAX_LIMIT = 500

LABELS = "labels separated by commas (in a label: \\,)"
"""Description of the text that `read_labels` reads."""

_LABELS = re.compile(r"(?:\\.|[^\\,]|\\$)+", re.DOTALL)
_AMOUNT = {"type": "number", "minimum": 0, "maximum": 10**9}
_ID = {"type": "string"}
ARGUMENTS: Mapping[str, QueryParameter] = {
    "labels": QueryParameter(f"{LABELS}; all must match", {"type": "string"}),
    "text": QueryParameter("text that was read in the video, or a part of it", {"type": "string"}),
    "longer_than": QueryParameter("seconds without interruption that each must exceed", _AMOUNT),
    "confidence": QueryParameter("minimum confidence that each must reach at least once", {**_AMOUNT, "maximum": 1}),
    "together": QueryParameter("true: all of them at the same time", {"type": "string", "enum": ["true", "false"]}),
    "analytic": QueryParameter("full name of the analytic", _ID),
    "data_id": QueryParameter("id of the data", _ID),
    "job_id": QueryParameter("id of the job", _ID),
    "limit": QueryParameter("number of jobs to return", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}),
    "offset": QueryParameter("number of jobs to skip", {"type": "integer", "minimum": 0, "maximum": 10**6}),
}


@dataclass(frozen=True, slots=True)
class LabelQuery:
    """Conditions of a label search. None and empty values match everything."""

    labels: tuple[str, ...]
    text: str | None = None
    longer_than: float = 0.0
    confidence: float = 0.0
    together: bool = False
    analytic: str | None = None
    data_id: str | None = None
    job_id: str | None = None
    limit: int = 25
    offset: int = 0

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "LabelQuery":
        """Return the query of a request.

        Raises:
            BadRequest: a parameter is invalid, or neither labels nor text is given.
        """
        labels = read_labels(given.get("labels", ""))
        text = given.get("text") or None
        if not labels and text is None:
            raise BadRequest("'labels' (such as labels=dog,car) or 'text' is required")
        if len(labels) > MAX_LABELS:
            raise BadRequest(f"'labels' takes at most {MAX_LABELS} labels, not {len(labels)}")
        if given.get("together", "false") not in {"true", "false", ""}:
            raise BadRequest(f"'together' must be true or false, not {given['together']!r:.100}")
        return cls(
            labels=labels,
            text=text,
            longer_than=read_number(ARGUMENTS, "longer_than", given, 0.0),
            confidence=read_number(ARGUMENTS, "confidence", given, 0.0),
            together=given.get("together") == "true",
            analytic=given.get("analytic") or None,
            data_id=given.get("data_id") or None,
            job_id=given.get("job_id") or None,
            limit=int(read_number(ARGUMENTS, "limit", given, 25)),
            offset=int(read_number(ARGUMENTS, "offset", given, 0)),
        )


def read_labels(text: str) -> tuple[str, ...]:
    """Return the labels in a text, each once."""
    return tuple(dict.fromkeys(filter(None, map(_label, _LABELS.findall(text)))))


def _label(text: str) -> str:
    """Return a label with its escaped commas and backslashes restored."""
    return re.sub(r"\\([\\,])", r"\1", text.strip())
