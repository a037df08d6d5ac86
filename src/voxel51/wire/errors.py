"""The shape of every error answer."""

from typing import TypedDict


class ErrorDetails(TypedDict):
    """``code`` repeats the HTTP status; ``message`` names the value that was wrong and what to try."""

    code: int
    message: str


class ErrorResponse(TypedDict):
    """Body of every answer with a status of 400 or above."""

    error: ErrorDetails
