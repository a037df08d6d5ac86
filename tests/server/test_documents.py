"""What is taken as a document can be handed out again."""

import msgspec
import pytest

from voxel51.server.documents import read_document
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.requests import read_request
from voxel51.server.jobs.status import check_status

HOSTILE = [
    pytest.param(b'{"analytic": "a", "inputs": {"v": "\\ud800"}}', id="half a character"),
    pytest.param(b'{"analytic": "a", "inputs": {"\\ud800": 1}}', id="half a character in a name"),
    pytest.param(b'{"analytic": "\\udfff"}', id="half a character for an analytic"),
    pytest.param(b'{"analytic": "a", "inputs": {"v": ' + b"9" * 5000 + b"}}", id="a number that Python will not read"),
    pytest.param(b'{"analytic": "a", "inputs": {"v": ' + b"[" * 900 + b"]" * 900 + b"}}", id="900 levels"),
    pytest.param(b'{"analytic": "a", "inputs": {"v": ' + b"[" * 90_000 + b"]" * 90_000 + b"}}", id="90000 levels"),
    pytest.param(b"\xff\xfe", id="no text"),
    pytest.param(b"[]", id="no object"),
    pytest.param(b"", id="nothing"),
]


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("take", [read_request, check_status])
def test_what_could_not_be_handed_out_is_refused(take, content):
    with pytest.raises(BadRequest):
        take(content)


def test_what_json_has_not_is_read_as_null():
    document = read_document("status", b'{"rate": NaN, "limits": [Infinity, -Infinity]}')

    assert document == {"rate": None, "limits": [None, None]}
    assert msgspec.json.decode(msgspec.json.encode(document)) == document


def test_an_ordinary_depth_is_taken():
    assert read_document("status", b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}")
