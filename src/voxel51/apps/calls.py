"""Calls about applications, and how applications make the calls that they share with users."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from voxel51.transport.errors import APIError
from voxel51.transport.messages import BufferedResponse, Response
from voxel51.users.calls.call import Call, document, entry, get, nothing, post_json, put_json
from voxel51.users.query import DataQuery, JobsQuery
from voxel51.wire.data import DataList
from voxel51.wire.jobs import JobList

Result = TypeVar("Result")


class ApplicationAPIError(APIError):
    """Rejected call of the application itself, as opposed to a call for one of its users.

    Each instance also belongs to the class of its status, such as `voxel51.transport.errors.NotFound`.
    """

    @classmethod
    def from_response(cls, res: Response | BufferedResponse) -> "ApplicationAPIError":
        """Return the error for a response with a status of 400 or above.

        Raises:
            ValueError: the response is not an error.
        """
        error = APIError.from_response(res)
        return _application_class(type(error))(error.message, error.code, error.request_id)


def as_application(call: Call[Result]) -> Call[Result]:
    """Return ``call`` as an application makes it.

    Analytics and the platform's status have routes of their own for applications, under ``apps/``. All other calls,
    including batches of analytics, are made for the active user at the routes of users.
    """
    is_own = call.path == "status/all" or (call.path.startswith("analytics") and call.path != "analytics/batch")
    return _own(replace(call, path=f"apps/{call.path}")) if is_own else call


def query_data(data_query: DataQuery) -> Call[DataList]:
    """List the data of all users of the application that match."""
    return _own(get("apps/data", document, data_query.to_dict()))


def query_jobs(jobs_query: JobsQuery) -> Call[JobList]:
    """List the jobs of all users of the application that match."""
    return _own(get("apps/jobs", document, jobs_query.to_dict()))


def create_user(username: str) -> Call[None]:
    """Create a user of the application."""
    return _own(post_json("apps/users", nothing, {"username": username}))


def list_users() -> Call[list[str]]:
    """List the names of the application's users."""
    return _own(get("apps/users/list", entry("users")))


def result_sharing() -> Call[bool]:
    """Return whether the users of the application share results."""
    return _own(get("apps/result-sharing", entry("enabled")))


def share_results(enabled: bool) -> Call[bool]:
    """Let the users of the application share results, or stop that."""
    return _own(put_json("apps/result-sharing", entry("enabled"), {"enabled": enabled}))


def _own(call: Call[Result]) -> Call[Result]:
    refusal: Callable[[Response | BufferedResponse], APIError] = ApplicationAPIError.from_response
    return replace(call, refusal=refusal)


_APPLICATION_CLASSES: dict[type[APIError], type[ApplicationAPIError]] = {APIError: ApplicationAPIError}


def _application_class(error: type[APIError]) -> type[ApplicationAPIError]:
    """Return the class that is both an `ApplicationAPIError` and ``error``, such as ``ApplicationNotFound``."""
    if error not in _APPLICATION_CLASSES:
        both = type(f"Application{error.__name__}", (ApplicationAPIError, error), {})
        _APPLICATION_CLASSES[error] = cast("type[ApplicationAPIError]", both)
    return _APPLICATION_CLASSES[error]
