"""Run keys: equal for equal computations only."""

from typing import Any

import pytest

from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord
from voxel51.wire.run_keys import Content, Output, run_key

ANALYTIC: AnalyticRecord = {"id": "a1", "name": "lab/count", "version": "1.0.0"}
DOCUMENT: AnalyticDocument = {
    "info": {"name": "count", "version": "1.0.0", "description": "", "supports_cpu": True, "supports_gpu": False},
    "inputs": [{"name": "video", "type": "types.Video", "description": "", "required": True}],
    "parameters": [
        {"name": name, "type": f"types.{kind}", "description": "", "placeholder": "", "required": False, **more}  # type: ignore[typeddict-item]
        for name, kind, more in [
            ("threshold", "Number", {"default": 20}),
            ("exact", "Boolean", {"default": False}),
            ("classes", "Array", {}),
            ("weights", "File", {}),
        ]
    ],
    "outputs": [],
    "zip_outputs": False,
    "extensions": {"parameters": {"threshold": {"minimum": 0, "maximum": 100}}},
}
VIDEO = "0" * 64


def key(parameters: dict[str, object] | None = None, **changed: Any) -> str:
    given = {"analytic": ANALYTIC, "document": DOCUMENT, "inputs": {"video": VIDEO}, **changed}
    return run_key(parameters=parameters or {}, **given)


@pytest.mark.parametrize(
    "parameters",
    [
        {"threshold": 20},
        {"threshold": 20.0},
        {"threshold": "20"},
        {"exact": "False"},
        {"exact": False, "threshold": 20},
    ],
)
def test_a_default_counts_as_if_it_was_given_and_numbers_are_equal_by_value(parameters: dict[str, object]) -> None:
    assert key(parameters) == key()


def test_every_part_that_changes_the_computation_changes_the_key() -> None:
    keys = [
        key(),
        key({"threshold": 20.5}),
        key({"exact": True}),
        key({"classes": ["car", "person"]}),
        key({"classes": ["person", "car"]}),
        key({"weights": Content("1" * 64)}),
        key({"weights": Content("2" * 64)}),
        key(inputs={"video": "1" * 64}),
        key(inputs={"video": Output("1" * 64)}),
        key(compute_mode="CPU"),
        key(analytic={**ANALYTIC, "version": "1.0.1"}),
        key(analytic={**ANALYTIC, "name": "lab/other"}),
        key(analytic={**ANALYTIC, "id": "a2"}),  # deleted, and uploaded again with other code
    ]

    assert len(set(keys)) == len(keys)


def test_a_changed_default_changes_the_key_of_runs_that_rely_on_it() -> None:
    threshold: Any = {**DOCUMENT["parameters"][0], "default": 30}
    changed: Any = {**DOCUMENT, "parameters": [threshold, *DOCUMENT["parameters"][1:]]}

    assert key(document=changed) != key()
    assert key({"threshold": 20}, document=changed) == key()


def test_the_key_of_this_scheme_never_changes() -> None:
    """Records on disk hold keys: a change of this text needs a new ``SCHEME``."""
    assert key() == "5993714c92063c57e1b3571f9c20924d511fa82a8d057f51780e6c0360d5d4b4"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"threshold": 101}, "parameter 'threshold' takes 0 to 100, not 101"),
        ({"threshold": "much"}, "parameter 'threshold' takes a Number, not 'much'"),
        ({"other": 1}, "Unknown parameter 'other'"),
    ],
)
def test_invalid_parameters_have_no_key(parameters: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        key(parameters)


def test_a_missing_input_has_no_key() -> None:
    with pytest.raises(ValueError, match="Missing required input 'video'"):
        key(inputs={})


def test_a_value_that_selects_weights_counts_as_these_weights() -> None:
    def with_detector(sha256: str) -> AnalyticRecord:
        return {**ANALYTIC, "weights": {"threshold": {"20": {"name": "small", "sha256": sha256}}}}

    assert key(analytic=with_detector("1" * 64)) == key({"threshold": 20}, analytic=with_detector("1" * 64))
    assert len({key(), *(key(analytic=with_detector(digit * 64)) for digit in "123")}) == 4
