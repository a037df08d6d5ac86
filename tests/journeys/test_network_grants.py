"""Network access through a real platform: refused, granted by an operator, used by a job, and revoked meanwhile."""

import re
import socket

import pytest

from support.accounts import User
from support.platforms import CALLING
from support.sandboxes import sandbox_report
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

ADDRESS = ("127.77.7.7", 20771)  # in the manifest of the analytic
HOST = "{}:{}".format(*ADDRESS)


@pytest.fixture
def service():
    """A server that the job calls, which never answers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    wait_until(lambda: _is_bound(listener), f"another test run keeps {HOST}")
    listener.listen()
    listener.settimeout(LIMIT_SECONDS)
    yield listener
    listener.close()


def _is_bound(listener):
    try:
        listener.bind(ADDRESS)
    except OSError:
        return False
    return True


def test_operator_grants_and_revokes_network_access(platform, tmp_path, service):
    if not sandbox_report().kind.limits_hosts:
        pytest.skip("this machine offers no namespaces")
    api = API(token=Token.from_json(str(User.create(platform, tmp_path).token)))
    analytic_id = next(each["id"] for each in api.list_analytics() if each["name"] == CALLING)
    request = JobRequest(CALLING)
    request.set_input("video", data_id=api.upload_data(str(numbered_video(tmp_path / "in.mp4")))["id"])

    with pytest.raises(APIError, match=re.escape(f"network access that no operator has granted: {HOST}. Ask")):
        api.upload_job_request(request, "refused", auto_start=True)
    listed = platform.run_command("server", "network", "list")
    assert f"{analytic_id}  {CALLING} 1.0.0\n    {HOST}: not granted\n" in listed

    granted = platform.run_command(
        "server", "network", "grant", analytic_id, HOST, "--private-network", "127.77.0.0/16"
    )
    assert f"{HOST}: granted by command line, also in 127.77.0.0/16" in granted
    job_id = api.upload_job_request(request, "calling", auto_start=True)["id"]
    connection, _ = service.accept()
    with connection:
        connection.settimeout(LIMIT_SECONDS)
        assert connection.recv(5) == b"hello"

        revoked = platform.run_command("server", "network", "revoke", analytic_id)

        assert revoked == "Network access revoked; 1 job stopped\n"
        assert connection.recv(1) == b""
    job = api.get_job_details(job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "PLATFORM")
    with pytest.raises(APIError, match="no operator has granted"):
        api.upload_job_request(request, "refused again", auto_start=True)
