"""Pipelines: documents are checked and versioned, and errors name the step and the field."""

import pytest

from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire.pipelines import KEPT_VERSIONS, MAX_STEPS

DEEP: list[object] = []
for _ in range(70):
    DEEP = [DEEP]


def refused(site, user, given, match):
    with pytest.raises(BadRequest, match=match):
        site.pipelines.save(user, given)
    assert site.pipelines.all(user) == []


def test_changed_document_is_a_new_version_and_an_equal_one_is_not(site, alice, bob, given):
    first = site.pipelines.save(alice, given)
    same = site.pipelines.save(alice, given)
    given["description"] = "Looks at keyframes"
    second = site.pipelines.save(alice, given)
    site.pipelines.save(bob, given)

    assert (first["version"], same["version"], second["version"]) == (1, 1, 2)
    assert second["document"] == given
    assert first["id"] == second["id"]
    assert site.pipelines.details(alice, first["id"], 1)["document"] == first["document"]
    [listed] = site.pipelines.all(alice)
    assert (listed["version"], listed["steps"], listed["description"]) == (2, 3, "Looks at keyframes")
    assert [each["version"] for each in site.pipelines.versions(alice, first["id"])] == [2, 1]
    with pytest.raises(NotFound, match="has no version 3; the latest is 2"):
        site.pipelines.details(alice, first["id"], 3)
    with pytest.raises(NotFound, match="not found"):
        site.pipelines.details(bob, first["id"], None)


def test_oldest_versions_are_deleted(site, alice, given):
    for number in range(KEPT_VERSIONS + 2):
        given["description"] = f"{number}"
        pipeline = site.pipelines.save(alice, given)

    versions = site.pipelines.versions(alice, pipeline["id"])
    assert [versions[0]["version"], versions[-1]["version"]] == [KEPT_VERSIONS + 2, 3]


def test_document_that_was_exported_is_imported_by_another_user(site, alice, bob, given):
    exported = site.pipelines.save(alice, given)["document"]

    assert site.pipelines.save(bob, exported)["document"] == exported
    assert len(site.pipelines.export(bob)) == 1


def test_circles_are_refused(site, alice, given):
    given["steps"][1]["analytic"] = "voxel51/find"
    given["steps"][1]["inputs"]["frames"] = {"step": "text"}
    refused(
        site,
        alice,
        given,
        "The steps (shots → text → shots|text → shots → text) take each other's outputs in a circle. Remove",
    )

    given["steps"][1]["inputs"]["frames"] = {"step": "shots"}
    refused(site, alice, given, "The steps shots → shots take each other's outputs in a circle. Remove one")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"analytic": "voxel51/none"}, r"Step 'text': .*voxel51/none"),
        ({"analytic": 3}, r"Expected `str`, got `int` - at 'analytic' of step 'text'"),
        ({"analytics": "x"}, r"The step 'text' has the unknown field 'analytics'; the fields are name, analytic"),
        ({"name": "a b"}, r"'a b' is not a valid name of a step: use 1 to 64 letters"),
        ({"name": "shots"}, r"Two of the steps have the name 'shots'"),
        ({"name": "video"}, r"Two of the inputs and steps have the name 'video'"),
        ({"version": "9"}, r"Step 'text': .*9"),
        ({"compute_mode": "fast"}, r"Step 'text': 'compute_mode' must be one of CPU, GPU, BEST, not 'fast'"),
        ({"compute_mode": "GPU"}, r"Step 'text': Analytic 'find' does not support compute_mode GPU"),
        ({"inputs": {}}, r"Step 'text': Missing required input 'video'"),
        ({"inputs": {"video": {"input": "film"}}}, r"Step 'text', input 'video': .* no input 'film'; .*video"),
        ({"inputs": {"video": {"step": "cuts"}}}, r"no step 'cuts'; its steps are faces, shots, text. Correct"),
        ({"inputs": {"video": {}}}, r"Step 'text', input 'video' must be {\"input\": NAME} or .*, not {}"),
        ({"inputs": {"video": {"input": "video"}, "mask": {"input": "video"}}}, r"Step 'text': Unknown input 'mask'"),
        ({"inputs": {"video": {"step": "shots"}}}, r"'text': .* must be of the type Video, .*'shots' is of .*Labels"),
        (
            {"inputs": {"video": {"input": "video"}, "frames": {"input": "video"}}},
            r"Step 'text': Input 'frames' must be of the type VideoLabels, but input 'video' of the pipeline is of",
        ),
        ({"parameters": {"level": "high"}}, r"Step 'text': parameter 'level' takes a Number, not 'high'"),
        ({"parameters": {"depth": 1}}, r"Step 'text': Unknown parameter 'depth'; the analytic has these: level"),
        ({"parameters": {"level": {"parameter": "lvl"}}}, r"'text', parameter 'level': .* no parameter 'lvl'; its"),
        ({"parameters": {"depth": {"parameter": "level"}}}, r"Step 'text': Unknown parameter 'depth'"),
    ],
)  # fmt: skip
def test_errors_name_the_step_and_the_field(site, alice, given, change, match):
    given["steps"][2] |= change
    refused(site, alice, given, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"schema_version": 2}, r"'schema_version' of the document is 2; this platform reads version 1"),
        ({"name": ""}, r"not a valid name of a pipeline"),
        ({"stages": []}, r"The document has the unknown field 'stages'; the fields are schema_version, name"),
        ({"steps": []}, rf"A pipeline has 1 to {MAX_STEPS} steps, not 0"),
        ({"steps": "all"}, r"Expected `array`, got `str` - at 'steps'"),
        ({"steps": [{"name": "a", "analytic": "voxel51/shots"}] * 2}, r"Two of the steps have the name 'a'"),
        ({"outputs": [{"name": "found", "step": "find"}]}, r"Output 'found': the pipeline has no step 'find'"),
        ({"parameters": [{"name": "level", "type": "Text"}]}, r"'level' .*'type' must be one of Number, .*not 'Text'"),
        ({"parameters": [{"name": "level", "type": "Number", "default": "x"}]}, r"'level' takes a Number, not 'x'"),
        ({"parameters": [{"name": "level", "type": "String"}]}, r"'faces': .*takes a Number, but .* is a String"),
        ({"parameters": [{"name": "level", "type": "Array", "default": DEEP}]}, r"document is nested deeper than 64"),
        ({"description": "x" * 70_000}, r"The document has \d+ bytes as JSON; 65536 are the limit"),
    ],
)  # fmt: skip
def test_errors_name_the_part_of_the_document(site, alice, given, change, match):
    refused(site, alice, given | change, match)


def test_too_many_steps_are_refused(site, alice, given):
    step = given["steps"][1]
    given["steps"] = [{**step, "name": f"s{number}"} for number in range(MAX_STEPS + 1)]
    refused(site, alice, given, rf"A pipeline has 1 to {MAX_STEPS} steps, not {MAX_STEPS + 1}")


def test_output_of_an_analytic_without_output_is_refused(site, alice, given):
    given["steps"][1]["analytic"] = "voxel51/silent"
    refused(site, alice, given, r"Step 'faces': Input 'frames': step 'shots' has no output")


def test_deleted_pipeline_leaves_its_runs(site, alice, bob):
    run = site.start(alice)
    with pytest.raises(NotFound):
        site.pipelines.delete(bob, run["pipeline_id"])

    site.pipelines.delete(alice, run["pipeline_id"])

    assert site.pipelines.all(alice) == []
    left = site.runs.details(alice, run["id"])
    assert (left["pipeline_id"], left["pipeline"], left["state"]) == (None, "Keyframes", "RUNNING")
