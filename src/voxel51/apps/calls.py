"""Calls that only applications make, and what becomes of those that they share with people."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from voxel51.transport.errors import APIError
from voxel51.transport.messages import BufferedResponse, Response
from voxel51.users.calls.call import Call, document, entry, get, nothing, post_json
from voxel51.users.query import DataQuery, JobsQuery
from voxel51.wire.data import DataList
from voxel51.wire.jobs import JobList

Result = TypeVar("Result")


class ApplicationAPIError(APIError):
    """A call of the application itself failed, and not one for a user of it.

    It is also of the class that its status stands for, such as `voxel51.transport.errors.NotFound`.
    """

    @classmethod
    def from_response(cls, res: Response | BufferedResponse) -> "ApplicationAPIError":
        """The error that an answer with a status of 400 or above stands for.

        Raises:
            ValueError: the answer is not an error.
        """
        error = APIError.from_response(res)
        return _of_both(type(error))(error.message, error.code, error.request_id)


def as_application(call: Call[Result]) -> Call[Result]:
    """``call`` as an application makes it.

    Analytics and the platform's status are the application's own, found under ``apps/``; everything else, batches of
    analytics included, is done for one of its users at the route that users have.
    """
    own = call.path == "status/all" or (call.path.startswith("analytics") and call.path != "analytics/batch")
    return _own(replace(call, path=f"apps/{call.path}")) if own else call


def query_data(data_query: DataQuery) -> Call[DataList]:
    """The data of all its users that match."""
    return _own(get("apps/data", document, data_query.to_dict()))


def query_jobs(jobs_query: JobsQuery) -> Call[JobList]:
    """The jobs of all its users that match."""
    return _own(get("apps/jobs", document, jobs_query.to_dict()))


def create_user(username: str) -> Call[None]:
    """Give it a further user."""
    return _own(post_json("apps/users", nothing, {"username": username}))


def list_users() -> Call[list[str]]:
    """The names of its users."""
    return _own(get("apps/users/list", entry("users")))


def _own(call: Call[Result]) -> Call[Result]:
    refusal: Callable[[Response | BufferedResponse], APIError] = ApplicationAPIError.from_response
    return replace(call, refusal=refusal)


_KINDS: dict[type[APIError], type[ApplicationAPIError]] = {APIError: ApplicationAPIError}


def _of_both(kind: type[APIError]) -> type[ApplicationAPIError]:
    if kind not in _KINDS:
        made = type(f"Application{kind.__name__}", (ApplicationAPIError, kind), {})
        _KINDS[kind] = cast("type[ApplicationAPIError]", made)
    return _KINDS[kind]
