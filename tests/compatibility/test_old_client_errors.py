"""Error responses: JSON of one shape even if no route was reached, because the Node client reads nothing else."""

import pytest
import requests

from support.accounts import User
from support.raw_http import RawAnswer, connect, exchange, read_answer, send


def assert_error(answer: RawAnswer, status: int) -> None:
    """Assert that the response has ``status``, the contract's shape and a message."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert error["code"] == status
    assert isinstance(error["message"], str)
    assert error["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        pytest.param("GET", "/v1/data/list", {}, 401, id="no credential"),
        pytest.param("GET", "/v1/data/list", {"authorization": "Bearer wrong"}, 401, id="a wrong credential"),
        pytest.param("GET", "/v1/data/list", {"authorization": "Basic dTpw"}, 401, id="another type of credential"),
        pytest.param("GET", "/v1/no/such/route", {}, 404, id="unknown route"),
        pytest.param("PATCH", "/v1/data/list", {}, 405, id="unsupported method"),
        pytest.param("BREW", "/v1/data/list", {}, 400, id="unknown method"),
    ],
)
def test_errors_before_a_handler_have_the_one_shape(
    shared_user: User, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = send(method, shared_user.v1.removesuffix("/v1") + path, headers)

    assert_error(answer, status)


@pytest.mark.parametrize("noun", ["data", "jobs", "analytics"])
def test_an_unknown_id_is_not_found(shared_user: User, noun: str) -> None:
    headers = {"authorization": f"Bearer {shared_user.key}"}

    assert_error(send("GET", f"{shared_user.v1}/{noun}/00000000-0000-0000-0000-000000000000", headers), 404)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"{", "application/json", id="half a JSON object"),
        pytest.param(b"[]", "application/json", id="a JSON array"),
        pytest.param(b"\xff\xfe", "application/json", id="not text"),
    ],
)
def test_a_malformed_query_body_is_rejected(shared_user: User, body: bytes, content_type: str) -> None:
    headers = {"authorization": f"Bearer {shared_user.key}", "content-type": content_type}

    assert_error(send("GET", f"{shared_user.v1}/data", headers, body), 400)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"NONSENSE\r\n\r\n", id="no request line"),
        pytest.param(b"GET /v1/data/list HTTP/1.1\r\nbroken header\r\n\r\n", id="a header without a colon"),
        pytest.param(
            b"POST /v1/data HTTP/1.1\r\nHost: platform\r\nContent-Length: many\r\n\r\n",
            id="an invalid length",
        ),
        pytest.param(
            b"PUT /v1/x HTTP/1.1\r\nHost: platform\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a broken chunk"
        ),
    ],
)
def test_invalid_http_gets_an_error_of_the_one_shape(shared_user: User, raw: bytes) -> None:
    answer = exchange(shared_user.v1, raw)

    assert 400 <= answer.status < 500
    assert answer.json()["error"]["code"] == answer.status


def test_a_multipart_body_without_a_file_is_rejected(shared_user: User) -> None:
    answer = requests.post(f"{shared_user.v1}/data", headers=shared_user.headers, files={"other": (None, "text")})

    assert answer.status_code == 400
    assert "file" in answer.json()["error"]["message"]


def test_a_connection_stays_open_after_an_error(shared_user: User) -> None:
    request = f"GET /v1/data/nothing HTTP/1.1\r\nHost: platform\r\nAuthorization: Bearer {shared_user.key}\r\n\r\n"
    with connect(shared_user.v1) as connection:
        connection.sendall(request.encode())
        first = read_answer(connection)
        connection.sendall(request.encode())
        second = read_answer(connection)

    assert_error(first, 404)
    assert_error(second, 404)


def test_an_error_contains_code_and_message_only(shared_user: User) -> None:
    answer = requests.get(f"{shared_user.v1}/jobs/none", headers=shared_user.headers)

    error = answer.json()["error"]
    assert error == {"code": 404, "message": error["message"]}
    assert "none" in error["message"]
