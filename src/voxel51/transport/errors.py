"""What can go wrong with a call.

Exception
└── APIError                 the call failed; ``code`` is the HTTP status (0 where no answer came)
    ├── ConnectionFailed     no answer, or half of one: the connection broke
    │   ├── CannotConnect    nobody listens there: nothing was sent
    │   └── TimedOut         no answer in time
    └── Damaged              what arrived is not what was sent
"""

import json

from voxel51.transport.messages import Answer, WholeAnswer


class APIError(Exception):
    """A call failed. Its text is ``<code>: <message>``.

    Attributes:
        code: the HTTP status, 0 where no answer came.
        message: what was wrong, as the platform says it.
        request_id: the platform's name for the request, where it gave one: quote it to whoever runs the platform.
    """

    def __init__(self, message: str, code: int, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.message = message
        self.code = code
        self.request_id = request_id

    @classmethod
    def from_response(cls, res: Answer | WholeAnswer) -> "APIError":
        """The error that an answer with a status of 400 or above stands for.

        Raises:
            ValueError: the answer is not an error.
        """
        if res.status < 400:
            raise ValueError(f"the answer of {res.url} is no error: status {res.status}")
        message = _message_of(res.read()) or f"{res.reason} for URL: {res.url.partition('?')[0]}"
        return cls(message, res.status, res.headers.get("x-request-id"))


class ConnectionFailed(APIError):
    """No answer came, or only half of one: nobody listens at that address, or the connection broke."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 0)


class CannotConnect(ConnectionFailed):
    """Nobody listens at that address, or its certificate is not trusted. Nothing was sent, so sending is safe."""


class TimedOut(ConnectionFailed):
    """No answer came in time."""


class Damaged(APIError):
    """What arrived, here or there, is not what was sent. It was not kept; trying again may help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 0)


def _message_of(body: bytes) -> str | None:
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return None
    return message if isinstance(message, str) else None
