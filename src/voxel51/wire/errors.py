"""Error responses."""

from typing import TypedDict


class ErrorDetails(TypedDict):
    """Error: ``code`` repeats the HTTP status; ``message`` names the invalid value and what to do."""

    code: int
    message: str


class ErrorResponse(TypedDict):
    """Body of every response with a status of 400 or above."""

    error: ErrorDetails
