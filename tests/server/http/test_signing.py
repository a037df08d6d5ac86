"""A signed link permits what it was signed for, and nothing else."""

import pytest
from starlette.datastructures import QueryParams

from voxel51.server.errors import Forbidden
from voxel51.server.http.signing import LinkSigner

KEY = bytes(range(32))
PATH = "/v1/links/data/1"


def arguments(signer: LinkSigner, method: str = "GET", path: str = PATH) -> dict[str, str]:
    return dict(QueryParams(signer.query(method, path)))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_permits_what_it_was_signed_for(method):
    signer = LinkSigner(KEY, 60)
    signer.check(method, PATH, arguments(signer))


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        pytest.param("PUT", PATH, {}, id="another method"),
        pytest.param("GET", PATH + "2", {}, id="another path"),
        pytest.param("GET", PATH, {"expires": "99999999999"}, id="later expiry"),
        pytest.param("GET", PATH, {"signature": "x"}, id="altered signature"),
        pytest.param("GET", PATH, {"signature": "\u2603"}, id="signature that is no ASCII"),
        pytest.param("GET", PATH, {"signature": "", "expires": ""}, id="no signature"),
        pytest.param("GET", PATH, {"expires": "nan"}, id="expiry that is no number"),
    ],
)
def test_anything_else_is_forbidden(method, path, change):
    signer = LinkSigner(KEY, 60)
    with pytest.raises(Forbidden):
        signer.check(method, path, {**arguments(signer), **change})


def test_a_link_of_another_key_is_forbidden():
    with pytest.raises(Forbidden):
        LinkSigner(KEY, 60).check("GET", PATH, arguments(LinkSigner(KEY[::-1], 60)))


def test_a_link_ends():
    signer = LinkSigner(KEY, -1)
    with pytest.raises(Forbidden, match="expired"):
        signer.check("GET", PATH, arguments(signer))


@pytest.mark.parametrize("junk", ["\u2603", "\ufffd", "%", "=", " ", "!"])
def test_a_signature_with_anything_added_is_forbidden(junk):
    signer = LinkSigner(KEY, 60)
    given = arguments(signer)
    with pytest.raises(Forbidden):
        signer.check("GET", PATH, {**given, "signature": given["signature"][:5] + junk + given["signature"][5:]})
