"""Batches: one action on many records, with an answer for each."""

from typing import Any, NotRequired, TypedDict

from voxel51.wire.errors import ErrorDetails


class BatchRequest(TypedDict):
    """Body of ``POST <noun>/batch``. Exactly one of the last two belongs to the action ``ttl``; ``days`` is text."""

    action: str
    ids: list[str]
    days: NotRequired[str]
    expiration_date: NotRequired[str]


class BatchResponse(TypedDict):
    """What became of one record: ``response`` (its details, for that action) on success, ``error`` otherwise."""

    success: bool
    response: NotRequired[Any]
    error: NotRequired[ErrorDetails]


class BatchResponses(TypedDict):
    """Answer of ``POST <noun>/batch``: one entry for each id, in the order of the request."""

    responses: dict[str, BatchResponse]
