"""What can go wrong with a call::

    Exception
    └── APIError                     the call failed; ``code`` is the HTTP status (0 where no answer came)
        ├── InvalidRequest           400, 413, 414, 415, 422: something in the request is wrong
        ├── AuthenticationFailed     401: no token, or one that is not valid (any more)
        ├── PermissionDenied         403: the token is good, but not for this
        ├── NotFound                 404: there is no such thing, or it is somebody else's
        ├── Conflict                 409: not in the state that things are in now
        ├── QuotaExceeded            429, 507: too much, too fast
        ├── ServerFailed             the other 5xx: the platform's fault
        ├── Damaged                  what arrived is not what was sent
        └── ConnectionFailed         no answer, or half of one: the connection broke
            ├── CannotConnect        nobody listens there: nothing was sent
            └── TimedOut             no answer in time

Catch the class for what you would do about it.
"""

import json
from typing import ClassVar

from voxel51.transport.messages import BufferedResponse, Response
from voxel51.transport.secrets import shown


class APIError(Exception):
    """A call failed. Its text is ``<code>: <message>``; tracebacks also show the advice and the request's id.

    Attributes:
        code: the HTTP status, 0 where no answer came.
        message: what was wrong, as the platform says it.
        request_id: the platform's name for the request, where it gave one: quote it to whoever runs the platform.
        advice: what to try; empty where the message says all there is.
    """

    advice: ClassVar[str] = ""

    def __init__(self, message: str, code: int, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.message = message
        self.code = code
        self.request_id = request_id
        if self.advice:
            self.add_note(self.advice)
        if request_id:
            self.add_note(f"the platform calls this request {request_id}")

    @classmethod
    def from_response(cls, res: Response | BufferedResponse) -> "APIError":
        """The error that an answer with a status of 400 or above stands for: of the class for that status.

        Raises:
            ValueError: the answer is not an error.
        """
        if res.status < 400:
            raise ValueError(f"the answer of {shown(res.url)} is no error: status {res.status}")
        message = _message_of(res.read()) or f"{res.reason} for URL: {res.url.partition('?')[0]}"
        return _class_of(res.status)(message, res.status, res.headers.get("x-request-id"))


class InvalidRequest(APIError):
    """Something in the request is wrong; the message names it."""

    advice = "correct what the message names and call again; the same request would be refused again"


class AuthenticationFailed(APIError):
    """There is no token, or it is not valid (any more)."""

    advice = "activate a token that is valid (voxel51.users.auth.activate_token); ask whoever runs the platform for one"


class PermissionDenied(APIError):
    """The token is good, but not for this."""

    advice = "use a token that may do this, or ask whoever runs the platform; an application must name a user"


class NotFound(APIError):
    """There is no such thing, or it belongs to somebody else."""

    advice = "list what there is (list_data, list_jobs, list_analytics), and look whether the token is the right one"


class Conflict(APIError):
    """It cannot be done in the state that things are in now, or it was done already."""

    advice = "look at the present state (get_job_details, get_data_details) before trying again"


class QuotaExceeded(APIError):
    """Too many requests, or no room for more."""

    advice = "wait before trying again, delete what is no longer needed, or ask for a larger quota"


class ServerFailed(APIError):
    """The platform is at fault. What was asked may have been done or not."""

    advice = "try again later; if it stays, tell whoever runs the platform the request's id"


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


_CLASSES: dict[int, type[APIError]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    414: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: QuotaExceeded,
    507: QuotaExceeded,
}


def _class_of(status: int) -> type[APIError]:
    return _CLASSES.get(status, ServerFailed if status >= 500 else APIError)


def _message_of(body: bytes) -> str | None:
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return None
    return message if isinstance(message, str) else None
