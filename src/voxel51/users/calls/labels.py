"""Calls about what the labels of jobs say."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from voxel51.users.calls.call import Call, document, entry, get
from voxel51.wire.search import KnownLabel, LabelMatches


def search(labels: Iterable[str], **wanted: str | float | bool | None) -> Call[LabelMatches]:
    """The jobs that found all of these labels."""
    given = {name: _text(value) for name, value in wanted.items() if value is not None and value is not False}
    if names := ",".join(re.sub(r"([\\,])", r"\\\1", label) for label in labels):
        given["labels"] = names
    return get(f"labels?{urlencode(given)}", document)


def names() -> Call[list[KnownLabel]]:
    """Every label that a job found."""
    return get("labels/names", entry("labels"))


def _text(value: str | float | bool | None) -> str:
    return "true" if value is True else str(value)
