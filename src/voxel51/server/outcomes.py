"""Outcomes of batch requests: each object's result, or the error with which it was refused."""

from collections.abc import Mapping
from typing import TypeVar

from voxel51.server.errors import ServiceError

Result = TypeVar("Result")

Outcomes = Mapping[str, Result | ServiceError]
"""Id of an object -> its result, or the error with which it was refused."""


def only(outcomes: Outcomes[Result]) -> Result:
    """Return the result of a batch of one.

    Raises:
        ServiceError: the object was refused.
    """
    [outcome] = outcomes.values()
    if isinstance(outcome, ServiceError):
        raise outcome
    return outcome
