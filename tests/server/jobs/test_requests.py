"""Job requests: they are checked against the document of their analytic."""

import json

import pytest

from voxel51.server.errors import BadRequest
from voxel51.server.jobs.requests import FileReference, check_request, files_of, read_request
from voxel51.wire.analytics import output_filename

DOCUMENT = {
    "info": {"name": "a", "version": "1", "description": "", "supports_cpu": True, "supports_gpu": False},
    "inputs": [
        {"name": "video", "type": "types.Video", "description": "the video", "required": True},
        {"name": "mask", "type": "types.Image", "description": "", "required": False},
    ],
    "parameters": [
        {"name": name, "type": f"types.{kind}", "description": "", "placeholder": "", "required": False}
        for name, kind in [
            ("number", "Number"),
            ("whole", "Integer"),
            ("flag", "Boolean"),
            ("text", "String"),
            ("list", "Array"),
            ("weights", "File"),
        ]
    ],
    "outputs": [
        {"name": "labels", "type": "", "description": "", "filename": "a.json", "post_as_data": False, "schema": None},
    ],
    "zip_outputs": False,
    "extensions": {"parameters": {"number": {"minimum": 0, "maximum": 1}, "list": {"choices": ["car", "dog"]}}},
}
VIDEO = {"video": {"data-id": "d1"}}


def check(**parts):
    seen = []
    request = read_request(json.dumps({"analytic": "x/a", "inputs": VIDEO, **parts}).encode())
    return check_request(request, DOCUMENT, seen.append), seen


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("number", 0.5, 0.5),
        ("number", "0.5", 0.5),
        ("number", 1, 1),
        ("whole", "7", 7),
        ("whole", 7.0, 7),
        ("flag", True, True),
        ("flag", "False", False),
        ("text", "x", "x"),
        ("list", ["car"], ["car"]),
        ("weights", {"data-id": "d2"}, {"data-id": "d2"}),
    ],
)
def test_parameters_are_converted_to_their_type(name, given, kept):
    request, _ = check(parameters={name: given})
    assert request["parameters"] == {name: kept}


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"parameters": {"number": 2}}, "'number' takes 0 to 1"),
        ({"parameters": {"number": -0.1}}, "'number' takes 0 to 1"),
        ({"parameters": {"number": "x"}}, "'number' takes a Number"),
        ({"parameters": {"number": True}}, "'number' takes a Number"),
        ({"parameters": {"number": None}}, "'number' takes a Number"),
        ({"parameters": {"number": "NaN"}}, "'number'"),
        ({"parameters": {"number": 1e999}}, "'number'"),
        ({"parameters": {"whole": 1.5}}, "'whole' takes a Integer"),
        ({"parameters": {"flag": "yes"}}, "'flag' takes a Boolean"),
        ({"parameters": {"text": 5}}, "'text' takes a String"),
        ({"parameters": {"list": ["cat"]}}, "car, dog"),
        ({"parameters": {"list": "car"}}, "'list' takes a Array"),
        ({"parameters": {"nope": 1}}, "Unknown parameter 'nope'"),
        ({"parameters": {"weights": {"data-id": 5}}}, "parameter 'weights'"),
        ({"inputs": {}}, "Missing required input 'video'"),
        ({"inputs": {**VIDEO, "nope": {"data-id": "d"}}}, "Unknown input 'nope'"),
        ({"inputs": {"video": "d1"}}, "input 'video' must be"),
        ({"inputs": {"video": {"url": "http://x"}}}, "input 'video' must be"),
        ({"inputs": []}, "Missing required input"),
        ({"inputs": "x"}, "'inputs' of the job request must be an object"),
        ({"compute_mode": "GPU"}, "does not support compute_mode GPU"),
        ({"compute_mode": "FPGA"}, "CPU, GPU, BEST"),
    ],
)
def test_invalid_part_of_a_request_is_named(parts, named):
    with pytest.raises(BadRequest, match=named):
        check(**parts)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"analytic": 5}', b'{"analytic": ""}', b"\xff", b"[" * 100000], ids=range(7)
)
def test_malformed_request_is_refused(content):
    with pytest.raises(BadRequest, match="job request"):
        read_request(content)


def test_every_file_in_a_request_is_checked():
    request, seen = check(parameters={"weights": {"data-id": "d2"}})
    assert seen == ["d1", "d2"]
    assert files_of(request) == {
        "inputs": {"video": FileReference("d1")},
        "parameters": {"weights": FileReference("d2")},
    }


def test_version_may_be_a_number():
    assert read_request(b'{"analytic": "x/a", "version": 2}')["version"] == "2"


@pytest.mark.parametrize(
    ("outputs", "zipped", "filename"),
    [
        ([("a.json", False)], False, "a.json"),
        ([("a.json", False)], True, "output.zip"),
        ([("a.json", True)], False, ""),
        ([("d.mp4", True), ("a.json", False)], False, "a.json"),
        ([], False, ""),
    ],
)
def test_output_filename_comes_from_the_document(outputs, zipped, filename):
    declared = [{"filename": name, "post_as_data": posted} for name, posted in outputs]
    assert output_filename({**DOCUMENT, "outputs": declared, "zip_outputs": zipped}) == filename
