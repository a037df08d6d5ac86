"""What becomes of many records when each is done or refused for itself."""

from collections.abc import Mapping
from typing import TypeVar

from voxel51.server.errors import ServiceError

Result = TypeVar("Result")

Outcomes = Mapping[str, Result | ServiceError]
"""For each id what was done, or why it was refused."""


def only(outcomes: Outcomes[Result]) -> Result:
    """The one outcome.

    Raises:
        ServiceError: it was refused.
    """
    [outcome] = outcomes.values()
    if isinstance(outcome, ServiceError):
        raise outcome
    return outcome
