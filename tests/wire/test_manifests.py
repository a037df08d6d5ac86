"""Manifest validation: valid documents, and the problems of invalid ones."""

import copy
import json
from importlib import resources

import pytest

from voxel51.wire.manifests import MAX_ENTRIES, MAX_PROBLEMS, MAX_TEXT_LENGTH, problems_of, problems_of_heading

ABSENT = object()
VALID = {
    "info": {
        "name": "vehicle-sense",
        "version": "0.1.0",
        "description": "Finds vehicles.\nAlso bicycles \N{BICYCLE}.",
        "supports_cpu": True,
        "supports_gpu": False,
    },
    "inputs": [{"name": "video", "type": "types.Video", "description": "the video", "required": True}],
    "parameters": [
        {
            "name": "rate",
            "type": "types.Number",
            "description": "how often to look",
            "placeholder": "1.5",
            "required": False,
            "default": 1.5,
        }
    ],
    "outputs": [
        {
            "name": "labels",
            "type": "types.VideoLabels",
            "description": "what was found",
            "filename": "labels.json",
            "post_as_data": False,
            "schema": None,
        }
    ],
    "zip_outputs": False,
    "extensions": {"parameters": {"rate": {"minimum": 0, "maximum": 10}}, "limitations": ["none"], "source": "here"},
}
OUTPUT, PARAMETER, INPUT = VALID["outputs"][0], VALID["parameters"][0], VALID["inputs"][0]


def changed(path, value):
    """`VALID` with one value at ``path`` replaced, added, or `ABSENT`."""
    document = copy.deepcopy(VALID)
    *parents, last = path
    parent = document
    for key in parents:
        parent = parent[key]
    if value is ABSENT:
        del parent[last]
    else:
        parent[last] = value
    return document


@pytest.mark.parametrize("name", ["shot_detection", "object_tracks"])
def test_the_manifests_of_built_in_analytics_are_valid(name):
    text = resources.files(f"voxel51.analytics.{name}").joinpath("manifest.json").read_text(encoding="utf-8")

    assert problems_of(json.loads(text)) == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(VALID, id="everything"),
        pytest.param(changed(["extensions"], ABSENT), id="no-extensions"),
        pytest.param(changed(["extensions", "split"], {"kind": "tracks", "overlap_seconds": 2.5}), id="split"),
        pytest.param(changed(["inputs"], []), id="no-inputs"),
        pytest.param(changed(["outputs"], []), id="no-outputs"),
        pytest.param(changed(["outputs", 0, "schema"], {"type": "object"}), id="schema"),
        pytest.param(changed(["parameters", 0, "default"], None), id="null-default"),
        pytest.param(changed(["parameters", 0, "type"], "types.JSONFile"), id="default-of-another-type"),
        pytest.param(changed(["info", "version"], "2.0.0-rc.1+7"), id="version-with-suffixes"),
        pytest.param(
            {
                **VALID,
                "zip_outputs": True,
                "outputs": [OUTPUT, {**OUTPUT, "name": "more", "filename": "more.json"}],
            },
            id="several-outputs-in-an-archive",
        ),
        pytest.param(
            {**VALID, "outputs": [OUTPUT, {**OUTPUT, "name": "clip", "filename": "clip.mp4", "post_as_data": True}]},
            id="one-output-and-new-data",
        ),
    ],
)
def test_valid_documents_have_no_problems(document):
    assert problems_of(document) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (["info"], ABSENT, "info: is missing"),
        (["inputs"], ABSENT, "inputs: is missing"),
        (["zip_outputs"], ABSENT, "zip_outputs: is missing"),
        (["colour"], "red", "colour: is unknown; known here: info, "),
        (["info", "owner"], "me", "info.owner: is unknown"),
        (["inputs", 0, "default"], 1, "inputs[0].default: is unknown"),
        (["info"], [], "info: must be an object, not a list"),
        (["inputs"], {}, "inputs: must be a list, not a dict"),
        (["inputs", 0], "video", "inputs[0]: must be an object, not 'video'"),
        (["info", "name"], 7, "info.name: must be text, not 7"),
        (["info", "name"], "", "info.name: must not be empty"),
        (["info", "name"], " \n", "info.name: must not be empty"),
        (["info", "name"], "mallory/x", "info.name: 'mallory/x' is not a valid name"),
        (["info", "name"], "..", "info.name: '..' is not a valid name"),
        (["info", "name"], "a\nb", "info.name: 'a\\nb' is not a valid name"),
        (["info", "name"], "x" * 65, "info.name: has 65 characters; the maximum is 64"),
        (["info", "version"], 1.0, "info.version: must be text, not 1.0"),
        (["info", "version"], "1.0 beta", "info.version: '1.0 beta' is not a valid version"),
        (["info", "version"], "1" * 65, "info.version: has 65 characters; the maximum is 64"),
        (["info", "description"], None, "info.description: must be text, not None"),
        (["info", "description"], "nul \0", "info.description: contains control characters"),
        (["info", "description"], "half \ud800", "info.description: contains control characters or surrogates"),
        (["info", "description"], "x" * (MAX_TEXT_LENGTH + 1), "info.description: has 10001 characters"),
        (["info", "supports_cpu"], "true", "info.supports_cpu: must be true or false, not 'true'"),
        (["info", "supports_cpu"], 1, "info.supports_cpu: must be true or false, not 1"),
        (["info", "supports_cpu"], False, "info: supports_cpu or supports_gpu must be true"),
        (["inputs", 0, "type"], "Video", "inputs[0].type: 'Video' is not a valid type. Use a class"),
        (["inputs", 0, "required"], ABSENT, "inputs[0].required: is missing"),
        (["inputs"], [INPUT, INPUT], "inputs[1].name: 'video' is the value of inputs[0] as well"),
        (["inputs"], [INPUT] * (MAX_ENTRIES + 1), "inputs: has 201 entries; the maximum is 200"),
        (["parameters"], [PARAMETER, PARAMETER], "parameters[1].name: 'rate' is the value of parameters[0] as well"),
        (["parameters", 0, "name"], "video", "extensions.parameters.rate: parameter not found"),
        (
            ["parameters"],
            [{**PARAMETER, "name": "video"}],
            "parameters[0].name: 'video' is the name of an input as well",
        ),
        (["parameters", 0, "placeholder"], "", "parameters[0].placeholder: must not be empty"),
        (["parameters", 0, "default"], "1.5", "parameters[0].default: '1.5' is not a types.Number"),
        (["parameters", 0, "default"], True, "parameters[0].default: True is not a types.Number"),
        (["parameters", 0, "default"], 11, "extensions.parameters.rate: the default 11 is not from 0 to 10"),
        (["outputs", 0, "filename"], "../labels.json", "outputs[0].filename: '../labels.json' is not a safe file name"),
        (["outputs", 0, "filename"], "a\\b", "outputs[0].filename: 'a\\\\b' is not a safe file name"),
        (["outputs", 0, "filename"], ".bashrc", "outputs[0].filename: '.bashrc' is not a safe file name"),
        (["outputs", 0, "filename"], "x" * 201, "outputs[0].filename: 'xxx"),
        (["outputs", 0, "schema"], [], "outputs[0].schema: must be an object or null, not a list"),
        (["outputs", 0, "schema"], ABSENT, "outputs[0].schema: is missing"),
        (["outputs"], [OUTPUT, OUTPUT], "outputs[1].filename: 'labels.json' is the value of outputs[0] as well"),
        (
            ["outputs"],
            [OUTPUT, {**OUTPUT, "name": "more", "filename": "more.json"}],
            "outputs: a job keeps one file, not 2 ('labels, more'); set zip_outputs",
        ),
        (["extensions"], [], "extensions: must be an object, not a list"),
        (["extensions", "prize"], 5, "extensions.prize: is unknown"),
        (["extensions", "licence"], "", "extensions.licence: must not be empty"),
        (["extensions", "split"], {"kind": "tracks"}, "extensions.split.overlap_seconds: is missing"),
        (
            ["extensions", "split"],
            {"kind": "halves", "overlap_seconds": 1},
            "extensions.split.kind: must be one of per_f",
        ),
        (
            ["extensions", "split"],
            {"kind": "tracks", "overlap_seconds": -1},
            "extensions.split.overlap_seconds: must be a",
        ),
        (["extensions", "resources"], {"cpus": 0}, "extensions.resources.cpus: 0 is not between 0.015625 and 1024"),
        (["extensions", "resources"], {"gpus": "1"}, "extensions.resources.gpus: must be a number, not '1'"),
        (
            ["extensions", "resources"],
            {"memory_bytes": 2.5e9},
            "extensions.resources.memory_bytes: must be a whole",
        ),
        (["extensions", "resources"], {"memory_bytes": 4}, "extensions.resources.memory_bytes: 4 is not between"),
        (["extensions", "resources"], {"ram": 4}, "extensions.resources.ram: is unknown; known here: cpus, gpus, mem"),
        (["extensions", "parameters", "speed"], {}, "extensions.parameters.speed: parameter not found"),
        (["extensions", "parameters", "rate", "minimum"], "0", "extensions.parameters.rate.minimum: must be a number"),
        (["extensions", "parameters", "rate", "minimum"], 99, "extensions.parameters.rate: minimum 99 is above maxim"),
    ],
)
def test_a_problem_names_the_field_by_its_path(path, value, problem):
    problems = problems_of(changed(path, value))

    assert any(each.startswith(problem) for each in problems), problems


@pytest.mark.parametrize("document", [None, [], "text", 1.5])
def test_a_document_must_be_an_object(document):
    [problem] = problems_of(document)

    assert problem.startswith("the document: must be an object")


def test_all_problems_are_listed_at_once():
    document = {**changed(["info", "version"], ""), "zip_outputs": "no", "outputs": [{**OUTPUT, "filename": 3}]}

    assert problems_of(document) == [
        "info.version: must not be empty",
        "outputs[0].filename: must be text, not 3",
        "zip_outputs: must be true or false, not 'no'",
    ]


def test_the_number_and_length_of_problems_are_limited():
    document = {**VALID, **{"k" * 5000 + str(number): "v" * 5000 for number in range(1000)}}

    problems = problems_of(document)

    assert problems[-1] == "and 980 more"
    assert len(problems) == MAX_PROBLEMS + 1
    assert max(map(len, problems)) < 250


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"info": VALID["info"], "inputs": []}, "inputs: is unknown; known here: info"),
        ({}, "info: is missing"),
        ({"info": {**VALID["info"], "name": ""}}, "info.name: must not be empty"),
    ],
)
def test_an_image_to_video_document_has_its_heading_alone(document, problem):
    assert problems_of_heading(document) == [problem]
    assert problems_of_heading({"info": VALID["info"]}) == []
