"""Signed links permit the request they were signed for, and no other."""

import pytest
from starlette.datastructures import QueryParams

from voxel51.server.errors import Forbidden
from voxel51.server.http.signing import LinkSigner

KEY = bytes(range(32))
PATH = "/v1/links/data/1"


def query_params(signer: LinkSigner, method: str = "GET", path: str = PATH) -> dict[str, str]:
    return dict(QueryParams(signer.query(method, path)))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_link_permits_its_method_and_path(method):
    signer = LinkSigner(KEY, 60)
    signer.check(method, PATH, query_params(signer))


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        pytest.param("PUT", PATH, {}, id="another method"),
        pytest.param("GET", PATH + "2", {}, id="another path"),
        pytest.param("GET", PATH, {"expires": "99999999999"}, id="later expiry"),
        pytest.param("GET", PATH, {"signature": "x"}, id="altered signature"),
        pytest.param("GET", PATH, {"signature": "\u2603"}, id="signature outside ASCII"),
        pytest.param("GET", PATH, {"signature": "", "expires": ""}, id="no signature"),
        pytest.param("GET", PATH, {"expires": "nan"}, id="expiry that is not a number"),
    ],
)
def test_any_other_request_is_forbidden(method, path, change):
    signer = LinkSigner(KEY, 60)
    with pytest.raises(Forbidden):
        signer.check(method, path, {**query_params(signer), **change})


def test_link_signed_with_another_key_is_forbidden():
    with pytest.raises(Forbidden):
        LinkSigner(KEY, 60).check("GET", PATH, query_params(LinkSigner(KEY[::-1], 60)))


def test_link_expires():
    signer = LinkSigner(KEY, -1)
    with pytest.raises(Forbidden, match="expired"):
        signer.check("GET", PATH, query_params(signer))


@pytest.mark.parametrize("junk", ["\u2603", "\ufffd", "%", "=", " ", "!"])
def test_signature_with_added_characters_is_forbidden(junk):
    signer = LinkSigner(KEY, 60)
    params = query_params(signer)
    with pytest.raises(Forbidden):
        signer.check("GET", PATH, {**params, "signature": params["signature"][:5] + junk + params["signature"][5:]})
