"""What labels are searched for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.server.errors import BadRequest
from voxel51.server.parameters import QueryParameter, read_number

MOST_LABELS = 5
LARGEST_PAGE = 500

_LABELS = re.compile(r"(?:\\.|[^\\,]|\\$)+", re.DOTALL)
_AMOUNT = {"type": "number", "minimum": 0, "maximum": 10**9}
_ID = {"type": "string"}
ARGUMENTS: Mapping[str, QueryParameter] = {
    "labels": QueryParameter("labels joined by commas, one in a label as \\,; all must be there", {"type": "string"}),
    "text": QueryParameter("text that must have been read, or a part of it", {"type": "string"}),
    "longer_than": QueryParameter("seconds that each must last without a break", _AMOUNT),
    "confidence": QueryParameter("how sure of each one must be, at least once", {**_AMOUNT, "maximum": 1}),
    "together": QueryParameter("true: all of them at the same time", {"type": "string", "enum": ["true", "false"]}),
    "analytic": QueryParameter("full name of the analytic that found them", _ID),
    "data_id": QueryParameter("the data that they are found in", _ID),
    "job_id": QueryParameter("the job that found them", _ID),
    "limit": QueryParameter("how many jobs are given", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
    "offset": QueryParameter("how many are left out before", {"type": "integer", "minimum": 0, "maximum": 10**6}),
}


@dataclass(frozen=True, slots=True)
class LabelQuery:
    """What to look for. ``None`` and empty: whatever it is."""

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
        """The query of a request.

        Raises:
            BadRequest: an argument has a value it cannot have, or nothing is looked for.
        """
        labels = tuple(dict.fromkeys(filter(None, map(_label, _LABELS.findall(given.get("labels", ""))))))
        text = given.get("text") or None
        if not labels and text is None:
            raise BadRequest("Say what to look for: 'labels', such as labels=dog,car, or 'text'")
        if len(labels) > MOST_LABELS:
            raise BadRequest(f"'labels' are {MOST_LABELS} at most, not {len(labels)}")
        if given.get("together", "false") not in {"true", "false", ""}:
            raise BadRequest(f"'together' is true or false, not {given['together']!r:.100}")
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


def _label(text: str) -> str:
    return re.sub(r"\\([\\,])", r"\1", text.strip())
