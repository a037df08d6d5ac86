"""Calls about labels: search the labels that jobs found."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from voxel51.users.calls.call import Call, document, entry, get
from voxel51.wire.search import KnownLabel, LabelMatches


def search(labels: Iterable[str], **conditions: str | float | bool | None) -> Call[LabelMatches]:
    """List the jobs that found all of these labels. Conditions that are None or False are not sent."""
    arguments = {name: _text(value) for name, value in conditions.items() if value is not None and value is not False}
    if names := joined(labels):
        arguments["labels"] = names
    return get(f"labels?{urlencode(arguments)}", document)


def names() -> Call[list[KnownLabel]]:
    """List every label that a job found."""
    return get("labels/names", entry("labels"))


def joined(labels: Iterable[str]) -> str:
    """Return labels as one text, separated by commas."""
    return ",".join(re.sub(r"([\\,])", r"\\\1", label) for label in labels)


def _text(value: str | float | bool | None) -> str:
    return "true" if value is True else str(value)
