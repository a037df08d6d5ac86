"""Batches: one action on many records, with a response for each."""

from typing import Any, NotRequired, TypedDict

from voxel51.wire.errors import ErrorDetails


class BatchRequest(TypedDict):
    """Body of ``POST <noun>/batch``. The action ``ttl`` takes exactly one of the last two; ``days`` is text."""

    action: str
    ids: list[str]
    days: NotRequired[str]
    expiration_date: NotRequired[str]


class BatchResponse(TypedDict):
    """Result for one record: ``response`` (the record, for the action ``details``) on success, else ``error``."""

    success: bool
    response: NotRequired[Any]  # a record of the noun, which readers index into
    error: NotRequired[ErrorDetails]


class BatchResponses(TypedDict):
    """Response of ``POST <noun>/batch``: one entry for each id, in the order of the request."""

    responses: dict[str, BatchResponse]
