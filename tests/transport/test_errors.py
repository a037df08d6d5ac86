import logging
import traceback

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport import errors
from voxel51.transport.errors import APIError
from voxel51.transport.messages import BufferedResponse, Request
from voxel51.transport.secrets import SecretHeaders, shown
from voxel51.users.api import API
from voxel51.users.auth import Token

SECRET = "zxq-top-secret"

KINDS = {
    400: errors.InvalidRequest,
    413: errors.InvalidRequest,
    422: errors.InvalidRequest,
    401: errors.AuthenticationFailed,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    429: errors.QuotaExceeded,
    507: errors.QuotaExceeded,
    500: errors.ServerFailed,
    504: errors.ServerFailed,
    599: errors.ServerFailed,
    418: APIError,
}


def response(status: int) -> BufferedResponse:
    body = b'{"error": {"code": 0, "message": "what was wrong"}}'
    return BufferedResponse(status, "reason", f"http://host/path?signature={SECRET}", {"x-request-id": "r1"}, body)


@pytest.mark.parametrize(("status", "kind"), KINDS.items(), ids=map(str, KINDS))
def test_the_status_determines_the_error_class(status: int, kind: type[APIError]) -> None:
    error = APIError.from_response(response(status))

    assert type(error) is kind
    assert (str(error), error.code, error.message) == (f"{status}: what was wrong", status, "what was wrong")
    assert error.request_id == "r1"


def test_a_traceback_shows_the_advice_and_the_request_id() -> None:
    error = APIError.from_response(response(401))

    text = "".join(traceback.format_exception(error))

    assert "activate_token" in error.advice
    assert error.advice in text
    assert "r1" in text


def test_an_error_made_directly_is_as_in_the_original() -> None:
    error = APIError("no good", 400)

    assert (str(error), error.code, error.request_id, error.advice) == ("400: no good", 400, None, "")
    assert not hasattr(error, "__notes__")


def test_a_successful_response_is_not_an_error_and_its_signature_is_hidden() -> None:
    with pytest.raises(ValueError, match="not an error: status 200") as caught:
        APIError.from_response(response(200))

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Token.from_private_key(SECRET, f"http://user:{SECRET}@host:1/path"), id="a token"),
        pytest.param(Token.from_private_key(SECRET).get_header(), id="the header of a token"),
        pytest.param(SecretHeaders({"x-voxel51-application": SECRET}), id="the header of an application"),
        pytest.param(
            Request("GET", f"http://host/path?signature={SECRET}", {"Authorization": SECRET}, SECRET.encode()),
            id="a request",
        ),
        pytest.param(response(200), id="an answer"),
    ],
)
def test_secrets_are_not_in_the_repr(value: object) -> None:
    assert SECRET not in repr(value)
    assert SECRET not in f"{value!r}"


def test_headers_keep_their_content_and_hide_secrets_in_texts() -> None:
    headers = SecretHeaders({"Authorization": SECRET, "Accept": "text/plain"})

    assert headers == {"Authorization": SECRET, "Accept": "text/plain"}
    assert str(headers) == "{'Authorization': '***', 'Accept': 'text/plain'}"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://host:1/path", "http://host:1/path"),
        (f"https://user:{SECRET}@host/path?key={SECRET}#{SECRET}", "https://host/path?***"),
        (f"http://[{SECRET}", "***"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, seen: str) -> None:
    assert shown(url) == seen


def test_neither_logs_nor_frames_of_a_failed_call_show_the_secret(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    loopback.reply(Reply.error(403, "not yours"))
    api = API(Token.from_private_key(SECRET, loopback.url))

    with pytest.raises(errors.PermissionDenied) as caught:
        api.list_jobs()

    frames = traceback.StackSummary.extract(traceback.walk_tb(caught.value.__traceback__), capture_locals=True)
    seen = [text for frame in frames if "/src/voxel51/" in frame.filename for text in (frame.locals or {}).values()]
    assert seen
    assert SECRET not in "\n".join(seen)
    assert SECRET not in caplog.text
