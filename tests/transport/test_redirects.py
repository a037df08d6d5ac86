import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request
from voxel51.transport.redirects import after_redirect
from voxel51.transport.sender import HttpSender

CREDENTIALS = {"Authorization": "Bearer key", "x-voxel51-application": "key", "Content-Type": "application/json"}


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


@pytest.mark.parametrize("how", ["send", "fetch"])
def test_a_redirect_within_the_origin_keeps_the_request(loopback: Loopback, how: str) -> None:
    loopback.reply(redirect("/there?x=1"), Reply(body=b"here"))

    answer = getattr(HttpSender(), how)(Request("GET", f"{loopback.url}/here", CREDENTIALS, b"{}"))

    assert answer.read() == b"here"
    assert (loopback.last.path, loopback.last.body) == ("/there?x=1", b"{}")
    assert loopback.last.headers["authorization"] == "Bearer key"


def test_a_redirect_to_another_origin_carries_no_headers_and_no_body(
    loopback: Loopback, another_loopback: Loopback
) -> None:
    loopback.reply(redirect(f"{another_loopback.url}/signed"))

    HttpSender().fetch(Request("GET", loopback.url, CREDENTIALS, b'{"search": "private"}'))

    assert another_loopback.last.path == "/signed"
    assert another_loopback.last.size_bytes == 0
    assert not set(CREDENTIALS) & set(another_loopback.last.headers)
    assert not {name.lower() for name in CREDENTIALS} & set(another_loopback.last.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_request_with_effects_is_not_redirected(loopback: Loopback, method: str) -> None:
    loopback.reply(redirect("/there", 307))

    assert HttpSender().fetch(Request(method, loopback.url)).status == 307
    assert len(loopback.requests) == 1


def test_a_redirect_loop_ends(loopback: Loopback) -> None:
    loopback.reply(redirect("/"))

    with pytest.raises(APIError, match="more than 10 times"):
        HttpSender().fetch(Request("GET", loopback.url))

    assert len(loopback.requests) == 11


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        ("http://host/a", "https://host/a", True),
        ("http://host/a", "/b", True),
        ("http://host:80/a", "http://host/b", True),
        ("http://host/a", "http://host:8080/a", False),
        ("http://host:8080/a", "https://host/a", False),
        ("https://host/a", "https://other/a", False),
    ],
)
def test_credentials_go_only_to_the_same_origin_or_to_https_of_the_host(before: str, after: str, keeps: bool) -> None:
    following = after_redirect(Request("GET", before, CREDENTIALS), 301, after)

    assert following is not None
    assert bool(following.headers) is keeps


@pytest.mark.parametrize("after", ["http://host/a", "file:///etc/passwd"])
def test_a_redirect_out_of_https_is_refused(after: str) -> None:
    with pytest.raises(APIError, match="not followed"):
        after_redirect(Request("GET", "https://host/a", CREDENTIALS), 302, after)
