"""JSON documents that are accepted can be returned later."""

import msgspec
import pytest

from voxel51.server.errors import BadRequest
from voxel51.server.jobs.requests import read_request
from voxel51.server.jobs.status import check_status
from voxel51.server.json_documents import parse_json_object

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
def test_document_that_cannot_be_encoded_is_rejected(take, content):
    with pytest.raises(BadRequest):
        take(content)


def test_nan_and_infinity_become_null():
    document = parse_json_object("status", b'{"rate": NaN, "limits": [Infinity, -Infinity]}')

    assert document == {"rate": None, "limits": [None, None]}
    assert msgspec.json.decode(msgspec.json.encode(document)) == document


def test_usual_depth_is_accepted():
    assert parse_json_object("status", b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}")
