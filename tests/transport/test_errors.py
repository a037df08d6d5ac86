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


def answer(status: int) -> BufferedResponse:
    body = b'{"error": {"code": 0, "message": "what was wrong"}}'
    return BufferedResponse(status, "reason", f"http://host/path?signature={SECRET}", {"x-request-id": "r1"}, body)


@pytest.mark.parametrize(("status", "kind"), KINDS.items(), ids=map(str, KINDS))
def test_the_status_chooses_the_kind_of_error(status: int, kind: type[APIError]) -> None:
    error = APIError.from_response(answer(status))

    assert type(error) is kind
    assert (str(error), error.code, error.message) == (f"{status}: what was wrong", status, "what was wrong")
    assert error.request_id == "r1"


def test_a_traceback_says_what_to_try_and_names_the_request() -> None:
    error = APIError.from_response(answer(401))

    told = "".join(traceback.format_exception(error))

    assert "activate_token" in error.advice
    assert error.advice in told
    assert "r1" in told


def test_an_error_that_is_made_by_hand_is_as_it_always_was() -> None:
    error = APIError("no good", 400)

    assert (str(error), error.code, error.request_id, error.advice) == ("400: no good", 400, None, "")
    assert not hasattr(error, "__notes__")


def test_what_is_no_error_makes_none_and_its_signature_is_not_told() -> None:
    with pytest.raises(ValueError, match="no error: status 200") as caught:
        APIError.from_response(answer(200))

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(Token.from_private_key(SECRET, f"http://user:{SECRET}@host:1/path"), id="a token"),
        pytest.param(Token.from_private_key(SECRET).get_header(), id="the header of a token"),
        pytest.param(SecretHeaders({"x-voxel51-application": SECRET}), id="the header of an application"),
        pytest.param(
            Request("GET", f"http://host/path?signature={SECRET}", {"Authorization": SECRET}, SECRET.encode()),
            id="a request",
        ),
        pytest.param(answer(200), id="an answer"),
    ],
)
def test_what_holds_a_secret_does_not_show_it(thing: object) -> None:
    assert SECRET not in repr(thing)
    assert SECRET not in f"{thing!r}"


def test_headers_keep_their_content_and_show_what_is_no_secret() -> None:
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
def test_an_address_is_shown_without_what_may_be_secret(url: str, seen: str) -> None:
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
