"""Errors of calls: one tree, a class for each reaction of the caller::

    Exception
    └── APIError                     the call failed; ``code`` is the HTTP status (0 without a response)
        ├── InvalidRequest           400, 413, 414, 415, 422: the request is invalid
        ├── AuthenticationFailed     401: no token, or an invalid or expired one
        ├── PermissionDenied         403: the token does not permit this
        ├── NotFound                 404: not found, or owned by another user
        ├── Conflict                 409: not possible in the present state
        ├── QuotaExceeded            429, 507: too many requests, or the storage quota is used up
        ├── ServerFailed             the other 5xx: the platform failed
        ├── Damaged                  the data that arrived differ from those that were sent
        └── ConnectionFailed         no response, or an incomplete one
            ├── CannotConnect        no connection could be made: nothing was sent
            └── TimedOut             no response in time

Catch the class that fits the reaction.
"""

import json
from typing import ClassVar

from voxel51.transport.messages import BufferedResponse, Response
from voxel51.transport.secrets import shown


class APIError(Exception):
    """A call failed. Its text is ``<code>: <message>``; tracebacks also show the advice and the request's id.

    Attributes:
        code: the HTTP status; 0 without a response.
        message: the platform's explanation.
        request_id: the platform's id of the request, if there is one. Give it to the operator of the platform.
        advice: what to try; empty where the message is enough.
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
            self.add_note(f"request id: {request_id}")

    @classmethod
    def from_response(cls, res: Response | BufferedResponse) -> "APIError":
        """Return the error for a response with a status of 400 or above, of the class for that status.

        Raises:
            ValueError: the response is not an error.
        """
        if res.status < 400:
            raise ValueError(f"the response of {shown(res.url)} is not an error: status {res.status}")
        message = _message_of(res.read()) or f"{res.reason} for URL: {res.url.partition('?')[0]}"
        return _class_of(res.status)(message, res.status, res.headers.get("x-request-id"))


class InvalidRequest(APIError):
    """The request is invalid; the message names the value."""

    advice = "correct the value that the message names; the same request would be rejected again"


class AuthenticationFailed(APIError):
    """The token is missing, invalid or expired."""

    advice = "activate a valid token (voxel51.users.auth.activate_token); ask the operator of the platform for one"


class PermissionDenied(APIError):
    """The token is valid, but does not permit this."""

    advice = "use a token that permits this, or ask the operator of the platform; an application must name a user"


class NotFound(APIError):
    """The object does not exist, or belongs to another user."""

    advice = "list the existing objects (list_data, list_jobs, list_analytics), and check which token is active"


class Conflict(APIError):
    """The request is not possible in the present state, or was fulfilled before."""

    advice = "check the present state (get_job_details, get_data_details) before trying again"


class QuotaExceeded(APIError):
    """There were too many requests, or the storage quota is used up."""

    advice = "wait before trying again, delete data that are no longer needed, or ask the operator for a larger quota"


class ServerFailed(APIError):
    """The platform failed. The request may have been fulfilled or not."""

    advice = "try again later; if the error persists, give the request id to the operator of the platform"


class ConnectionFailed(APIError):
    """No response came, or an incomplete one: no server listens at the address, or the connection broke."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 0)


class CannotConnect(ConnectionFailed):
    """No server listens at the address, or its certificate is not trusted. Nothing was sent, so a retry is safe."""


class TimedOut(ConnectionFailed):
    """No response came in time."""


class Damaged(APIError):
    """Data were damaged during an upload or a download. They were not kept; trying again may help."""

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
