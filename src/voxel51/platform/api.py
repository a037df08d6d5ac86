"""Original SDK: requests of a running job to the platform.

`API` sends reports and asks for links; `voxel51.platform.utils` uses the links. New analytics need neither: see
`voxel51.platform.agent`, by which the platform's own child process reports.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel51.platform.auth import Token
from voxel51.platform.config import API_BASE_URL_ENV_VAR, API_TOKEN_ENV_VAR
from voxel51.platform.serializable import plain
from voxel51.platform.utils import RemotePathConfig, load_json
from voxel51.transport.errors import APIError
from voxel51.transport.messages import BufferedResponse, Request
from voxel51.transport.multipart import FilePart, encode
from voxel51.transport.retrying import RetryingSender
from voxel51.transport.sender import JOB_HEADERS, HttpSender

if TYPE_CHECKING:
    from voxel51.platform.task_documents import TaskConfig

__all__ = ["API", "APIError", "make_api_client"]

logger = logging.getLogger(__name__)


def make_api_client() -> "API":
    """Return a client with the credential in the variable ``API_TOKEN``.

    Raises:
        KeyError: a variable of a job is not set.
    """
    return API(Token(os.environ[API_TOKEN_ENV_VAR]))


class API:
    """Client of a running job, for the platform that the variable ``API_BASE_URL`` names.

    Every method raises `APIError` when the platform rejects the request. Requests that may be repeated are, while the
    platform is away for a moment.

    Args:
        token: the credential of the job.
        keep_alive: whether connections are kept between requests; `close` closes them.
    """

    def __init__(self, token: Token, keep_alive: bool = False) -> None:
        self.base_url = os.environ[API_BASE_URL_ENV_VAR].rstrip("/")
        self.token = token
        self.keep_alive = keep_alive
        self._sender = RetryingSender(HttpSender(headers=JOB_HEADERS, keep_alive=keep_alive))

    def __enter__(self) -> "API":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. A later request opens a new one."""
        self._sender.close()

    def get_job_data_urls(self, task_config: "TaskConfig") -> dict[str, RemotePathConfig]:
        """Return fresh links to the inputs of the job, by name; those of its task where the platform has none."""
        try:
            links = self._get(task_config.job_id, "url/data")
        except APIError as error:
            if not error.code:
                raise
            logger.warning("the links of the task are used, since fresh ones were refused: %s", error)
            return task_config.inputs
        return {name: RemotePathConfig(link) for name, link in links.items()}

    def get_job_status_url(self, task_config: "TaskConfig") -> RemotePathConfig:
        """Return a fresh link to upload the status of the job."""
        return self._fresh_link(task_config, "status") or task_config.status

    def get_job_log_url(self, task_config: "TaskConfig") -> RemotePathConfig:
        """Return a fresh link to upload the log of the job."""
        return self._fresh_link(task_config, "log") or task_config.logfile

    def get_job_output_url(self, task_config: "TaskConfig") -> RemotePathConfig | None:
        """Return a fresh link to upload the output of the job; None if its analytic has no output."""
        return self._fresh_link(task_config, "output") or task_config.output

    def post_job_metadata(self, job_id: str, metadata: Mapping[str, Any]) -> None:
        """Report how much is analyzed: ``frame_count``, ``duration_seconds`` and ``size_bytes``."""
        self._send("POST", job_id, "metadata", metadata)

    def update_job_state(self, job_id: str, state: str, failure_type: str | None = None) -> None:
        """Report the state of the job, a `voxel51.platform.task.TaskState`; with FAILED also who is at fault."""
        report = {"state": state}
        if failure_type is not None:
            report["failure_type"] = failure_type
        self._send("PUT", job_id, "state", report)

    def upload_job_output_as_data(self, job_id: str, path: str | os.PathLike[str]) -> str:
        """Store the file at ``path`` as data of the job's owner, and return the id of the data."""
        content_type, body = encode({"file": FilePart.from_path(Path(path))}, {})
        headers = {**self.token.get_header(), "Content-Type": content_type}
        response = self._sender.fetch(Request("POST", self._url(job_id, "data"), headers, body))
        data_id: str = load_json(_checked(response).body)["data"]["data_id"]
        return data_id

    def _fresh_link(self, task_config: "TaskConfig", kind: str) -> RemotePathConfig | None:
        """Return a fresh link to upload; None if the platform refuses one, so that the link of the task is used."""
        try:
            return RemotePathConfig(self._get(task_config.job_id, f"url/{kind}"))
        except APIError as error:
            if not error.code:  # no answer, which says nothing about the link
                raise
            logger.warning("the %s link of the task is used, since a fresh one was refused: %s", kind, error)
            return None

    def _get(self, job_id: str, route: str) -> dict[str, Any]:
        request = Request("GET", self._url(job_id, route), self.token.get_header(), repeatable=True)
        return load_json(_checked(self._sender.fetch(request)).body)

    def _send(self, method: str, job_id: str, route: str, document: Mapping[str, Any]) -> None:
        headers = {**self.token.get_header(), "Content-Type": "application/json"}
        body = json.dumps(plain(document)).encode()
        _checked(self._sender.fetch(Request(method, self._url(job_id, route), headers, body, repeatable=True)))

    def _url(self, job_id: str, route: str) -> str:
        return f"{self.base_url}/jobs/{job_id}/{route}"


def _checked(response: BufferedResponse) -> BufferedResponse:
    if response.status >= 400:
        raise APIError.from_response(response)
    return response
